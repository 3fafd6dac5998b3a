"""A Slurm of one node on this machine: Debian's ``slurm-wlm`` and ``munge``, as root, without systemd."""

from __future__ import annotations

import os
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from filelock import FileLock

# Where Slurm looks by itself: exca drops SLURM_* variables.
CONFIGURATION = Path("/etc/slurm/slurm.conf")
MARK = "# of chemxl's tests"
TEMPLATE = """{mark}
ClusterName=chemxl
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={controller}
SlurmdPort={node}
SlurmUser=root
AuthType=auth/munge
AuthInfo=socket={folder}/munge.sock
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
MpiDefault=none
ReturnToService=2
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SchedulerParameters=batch_sched_delay=0,sched_interval=1
KillWait=1
NodeName={host} NodeAddr=127.0.0.1 CPUs=2 State=UNKNOWN
PartitionName=test Nodes={host} Default=YES State=UP
"""


class NoSlurm(RuntimeError):
    """Slurm can't be had on this machine; says why."""


class Node:
    """The daemons. They end with the process that started them, however that ends."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.running: dict[str, subprocess.Popen[bytes]] = {}

    def start(self, name: str, *arguments: str) -> None:
        """Start a daemon in the foreground; its output goes to a file of its name."""
        with (self.folder / f"{name}.log").open("ab") as log:
            command = ["setpriv", "--pdeathsig", "KILL", name, *arguments]
            self.running[name] = subprocess.Popen(command, stdout=log, stderr=log)

    def kill(self, name: str) -> None:
        """End a daemon as a crash does."""
        process = self.running.pop(name)
        process.kill()
        process.wait()

    def answers(self) -> bool:
        """Whether the node takes jobs."""
        found = subprocess.run(["sinfo", "--noheader", "--format=%T"], capture_output=True, text=True, check=False)
        return found.stdout.strip() in ("idle", "mixed", "allocated")

    def stop(self) -> None:
        """End the jobs, then the daemons."""
        if "slurmd" not in self.running and "slurmctld" in self.running:  # or its jobs would outlive it
            self.start("slurmd", "-D")
            until(self.answers, 30)
        subprocess.run(["scancel", "--user=root", "--signal=KILL", "--full"], capture_output=True, check=False)
        subprocess.run(["scancel", "--user=root"], capture_output=True, check=False)
        until(lambda: not subprocess.run(["squeue", "--noheader"], capture_output=True, check=False).stdout, 30)
        for name in reversed(list(self.running)):
            self.running[name].send_signal(signal.SIGTERM)
            try:
                self.running.pop(name).wait(10)
            except subprocess.TimeoutExpired:
                self.kill(name)


def until(happened: Callable[[], bool], seconds: float) -> bool:
    """Wait for something; whether it happened in time."""
    limit = time.monotonic() + seconds
    while not happened():
        if time.monotonic() > limit:
            return False
        time.sleep(0.1)
    return True


@contextmanager
def one_node() -> Iterator[Node]:
    """A Slurm that takes jobs; the daemons end with the context.

    Raises:
        NoSlurm: it can't be had here.
    """
    missing = [name for name in ("munged", "slurmctld", "slurmd", "sbatch", "setpriv") if not shutil.which(name)]
    if missing or os.geteuid() != 0:
        raise NoSlurm("install slurm-wlm and munge" if missing else "daemons need root")
    with ExitStack() as stack:
        stack.enter_context(FileLock(Path(tempfile.gettempdir()) / "chemxl-slurm.lock"))  # one test at a time
        if CONFIGURATION.exists() and not CONFIGURATION.read_text().startswith(MARK):
            raise NoSlurm("this machine belongs to a Slurm cluster: its configuration is left alone")
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(ignore_cleanup_errors=True)))
        stack.callback(CONFIGURATION.unlink, missing_ok=True)
        node = Node(folder)
        _configure(folder)
        stack.callback(node.stop)
        key = folder / "key"
        files = [f"--{name}-file={folder}/munge.{name}" for name in ("pid", "log", "seed")]
        node.start("munged", "--foreground", "--force", f"--key-file={key}", f"--socket={folder}/munge.sock", *files)
        if not until((folder / "munge.sock").exists, 20):
            raise NoSlurm(f"munged does not start: {(folder / 'munged.log').read_text()}")
        node.start("slurmctld", "-D")
        node.start("slurmd", "-D")
        if not until(node.answers, 60):
            raise NoSlurm(
                "Slurm does not start: " + "".join((folder / f"{n}.log").read_text()[-500:] for n in node.running)
            )
        yield node


def _configure(folder: Path) -> None:
    for name in ("state", "spool"):
        (folder / name).mkdir()
    (folder / "key").touch(0o600)
    (folder / "key").write_bytes(secrets.token_bytes(1024))
    with socket.socket() as one, socket.socket() as two:
        one.bind(("127.0.0.1", 0))
        two.bind(("127.0.0.1", 0))
        ports = {"controller": one.getsockname()[1], "node": two.getsockname()[1]}
    host = socket.gethostname().partition(".")[0]
    CONFIGURATION.parent.mkdir(parents=True, exist_ok=True)
    CONFIGURATION.write_text(TEMPLATE.format(mark=MARK, host=host, folder=folder, **ports))
