"""A list of values, computed here, in local processes, or as Slurm job arrays: ``CHEMXL_CLUSTER`` says where.

exca and submitit send the jobs; this module says in which order and looks after those that die. A value is finished
when its metrics are in the cache, whatever became of the job that computed it.
"""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal, cast

from filelock import FileLock
from IPython import display
from rich.console import Console
from rich.live import Live
from rich.table import Table

from chemxl.errors import ChemxlError
from chemxl.experiments import jobs, processes
from chemxl.experiments.experiment import Experiment, Run, interactive, runs

State = Literal["done", "running", "waiting", "failed"]
STATES: tuple[State, ...] = ("done", "running", "waiting", "failed")

_SENDINGS = 3  # of a job that dies without a word: killed, out of memory, out of time, its node gone
_ARRAY = 500  # jobs in one array; Slurm's own default limit is 1,000
_LONGEST_PAUSE = 30.0  # seconds between two looks at the queue, when nothing happens


def run_all(experiments: Sequence[Experiment]) -> list[Run]:
    """Compute all values that are not in the cache, and return the run of each value, in order.

    With ``CHEMXL_CLUSTER`` unset, one after the other in this process; with ``local`` or ``slurm``, each as a job of
    its own. Parts that several values hold are jobs, too, and run before those who hold them. A call that was killed
    finds its jobs again. Whoever watches sees a table of what is done.

    Raises:
        ChemxlError: a setting is unknown, or jobs failed; all others were computed first.
    """
    if where := jobs.cluster():
        _Grid(experiments, where).compute()
        return [experiment.run() for experiment in experiments]
    states: dict[Experiment, State] = {e: "done" if e.finished() else "waiting" for e in experiments}
    found = {}
    with _shown(lambda: _table(states)) as show:
        for experiment in states:
            states[experiment] = "running"
            show()
            found[experiment] = experiment.run()
            states[experiment] = "done"
    return [found[experiment] for experiment in experiments]


def overview(experiments: Sequence[Experiment]) -> Table:
    """How many values of each kind are done, running and waiting, according to the cache; for rich or Jupyter to show.

    It starts nothing. Shared parts that are not in the cache yet have rows, too.
    """
    values = dict.fromkeys([*_jobs(experiments), *experiments])
    return _table({v: "done" if v.finished() else "running" if jobs.computing(v) else "waiting" for v in values})


def _jobs(experiments: Sequence[Experiment]) -> list[Experiment]:
    """Unfinished values that become jobs, each after those that it holds: the values of the list, and parts that
    several values hold. A part that one value holds is computed in that value's job."""
    listed, holders, reached = set(experiments), Counter[Experiment](), dict[Experiment, None]()

    def reach(value: Experiment) -> None:
        """Add a value behind the values that it holds, and count who holds each part."""
        if value in reached or value.finished():
            return
        held = _held(value)
        inner = {part for other in held for part in _held(other)}
        for part in held:
            holders[part] += part not in inner
            reach(part)
        reached[value] = None

    for experiment in experiments:
        reach(experiment)
    return [value for value in reached if value in listed or holders[value] > 1]


def _held(value: Experiment) -> list[Experiment]:
    """The experiments that a value holds."""
    return [part for part in dict.fromkeys(value.parts()) if isinstance(part, Experiment) and part != value]


@dataclass(eq=False)
class _Task:
    """A value on its way through the queue."""

    value: Experiment
    needs: list[_Task]
    state: State = "waiting"
    job: jobs.Job | None = None
    sent: int = 0
    missed: int = 0  # looks at the queue, one after the other, that did not find the job
    why: str = ""


class _Grid:
    """All values of a list on their way through a cluster's queue."""

    def __init__(self, experiments: Sequence[Experiment], where: jobs.Cluster) -> None:
        self.where, self.resources = where, jobs.Resources.given()
        self.states: dict[Experiment, State] = dict.fromkeys([e for e in experiments if e.finished()], "done")
        self.tasks: list[_Task] = []
        by_value: dict[Experiment, _Task] = {}
        for value in _jobs(experiments):
            by_value[value] = _Task(value, [by_value[part] for part in _held(value) if part in by_value])
            self.tasks.append(by_value[value])

    def compute(self) -> None:
        """Send jobs, look at them, and send again until nothing is open."""
        pause = 0.0
        try:
            with _shown(self.table) as show:
                while any(task.state in ("waiting", "running") for task in self.tasks):
                    time.sleep(pause)
                    pause = 0.5 if self.look() | self.send() else min(1.3 * pause, _LONGEST_PAUSE)
                    show()
        finally:
            if self.where == "local":  # or they would go on unseen; Slurm's stay in its queue
                for task in self.tasks:
                    if task.job is not None:
                        task.job.cancel()
        if failed := [task for task in self.tasks if task.state == "failed"]:
            raise ChemxlError(f"{len(failed)} of {len(self.tasks)} jobs failed. The first: {failed[0].why}")

    def table(self) -> Table:
        """The state of each value as it is shown while waiting; a job that was sent but does not compute yet is
        waiting."""
        shown: dict[Experiment, State] = {}
        for task in self.tasks:
            running = task.state == "running" and jobs.computing(task.value)
            shown[task.value] = "waiting" if task.state == "running" and not running else task.state
        return _table(self.states | shown)

    def look(self) -> bool:
        """Look at the jobs that were sent; returns whether any of them has changed."""
        queued = jobs.queue(self.where)
        before = [task.state for task in self.tasks]
        for task in self.tasks:
            if task.state == "running":
                self._look_at(task, queued)
        return before != [task.state for task in self.tasks]

    def _look_at(self, task: _Task, queued: set[str] | None) -> None:
        """Look at one job."""
        alive = jobs.alive(task.job, queued)
        if task.value.finished() and (queued is not None or not alive):  # a local process is let end
            task.state, task.job = "done", None
        elif raised := jobs.raised(task.job):
            task.state, task.job, task.why = "failed", None, raised
        elif alive or jobs.computing(task.value):
            task.missed = 0
        elif task.missed == 0:  # on a shared disk, a result may come to be seen later than the end of its job
            task.missed = 1
        else:
            self._died(task)

    def _died(self, task: _Task) -> None:
        """Let a job that died be sent again, or give up after too many times."""
        log = task.job.paths.stderr if task.job else task.value.folder
        task.state, task.job, task.missed = "waiting", None, 0
        if task.sent >= _SENDINGS:
            task.state = "failed"
            task.why = f"{type(task.value).__name__} died {task.sent} times; run again to go on. Its log: {log}"

    def send(self) -> bool:
        """Send all values that wait for nothing as one job array; returns whether there were any."""
        for task in self.tasks:
            if task.state == "waiting" and (broken := next((n for n in task.needs if n.state == "failed"), None)):
                task.state, task.why = "failed", broken.why
        ready = [t for t in self.tasks if t.state == "waiting" and all(n.state == "done" for n in t.needs)]
        room = _ARRAY
        if self.where == "local":
            room = self.resources.at_once("local") - sum(task.state == "running" for task in self.tasks)
        if ready := ready[: max(0, room)]:
            runs().mkdir(parents=True, exist_ok=True)
            with FileLock(runs() / ".sending"):  # two calls must not send the same value
                self._send(ready)
        return bool(ready)

    def _send(self, tasks: Sequence[_Task]) -> None:
        """Send values that no earlier call has sent and no other process computes."""
        queued, fresh = jobs.queue(self.where), []
        for task in tasks:
            earlier = jobs.last_sent(task.value)
            task.state, task.job = "running", earlier if jobs.alive(earlier, queued) else None
            if not (task.job or task.value.finished() or jobs.computing(task.value)):
                fresh.append(task)
        if fresh:
            sent = jobs.send([task.value for task in fresh], self.resources, self.where)
            for task, job in zip(fresh, sent, strict=True):
                task.job, task.sent = job, task.sent + 1


def _table(states: dict[Experiment, State]) -> Table:
    """How many values of each kind are in each state."""
    counts = Counter((type(value).__name__, state) for value, state in states.items())
    table = Table("", *STATES, caption=" ", box=None)  # an empty last line, where a training draws its own bar
    for kind in dict.fromkeys(kind for kind, _ in counts):
        table.add_row(kind, *(str(counts[kind, state] or "·") for state in STATES))
    return table


@contextmanager
def _shown(render: Callable[[], Table]) -> Iterator[Callable[[], object]]:
    """A function that draws a table anew at every call; the table is gone at the end."""
    if not interactive() or not processes.place().is_main_process:
        yield lambda: None
    elif "JPY_SESSION_NAME" in os.environ:
        handle = cast("Any", display).DisplayHandle()
        handle.display(render())
        try:
            yield lambda: handle.update(render())
        finally:
            handle.update({}, raw=True)
    else:
        screen = Console(stderr=True)
        live = Live(console=screen, auto_refresh=False, transient=True, redirect_stdout=False, redirect_stderr=False)
        with live:  # both streams stay as they are: a training draws its own bar, below
            yield lambda: live.update(render(), refresh=True)
