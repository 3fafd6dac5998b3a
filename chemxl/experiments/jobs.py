"""One value as a job of a cluster: what it asks for, how it is sent, whether it is alive, and how it ended.

exca and submitit write, send and read jobs; nothing here knows of lists or order.
"""

from __future__ import annotations

import logging
import os
import pickle
import shutil
import subprocess
import time
from collections.abc import Sequence
from getpass import getuser
from typing import Any, Literal, cast
from uuid import uuid4

import pydantic
import submitit
import torch
from filelock import Timeout

from chemxl.errors import ChemxlError
from chemxl.experiments.experiment import Experiment, in_job

Cluster = Literal["local", "slurm"]
Job = submitit.Job[Any]

logging.getLogger("exca").setLevel(logging.ERROR)  # it tells times and paths, which notebooks would keep


class Resources(pydantic.BaseModel):
    """The resources that every job asks for, in exca's terms: the JSON of ``CHEMXL_JOBS``. An unknown setting is an
    error.

    Args:
        max_workers: how many jobs at once; by default 256 on Slurm, and as many local ones as their threads fit the
            machine's cores.
        timeout_min: minutes until Slurm ends a job, which is then sent again and goes on from its last checkpoint.
    """

    model_config = pydantic.ConfigDict(extra="forbid", frozen=True)

    job_name: str = "chemxl"
    max_workers: pydantic.PositiveInt | None = None
    timeout_min: pydantic.PositiveInt | None = None
    cpus_per_task: pydantic.PositiveInt | None = None
    gpus_per_node: pydantic.NonNegativeInt | None = None
    mem_gb: pydantic.PositiveFloat | None = None
    slurm_partition: str | None = None
    slurm_account: str | None = None
    slurm_qos: str | None = None
    slurm_constraint: str | None = None
    slurm_setup: list[str] | None = None
    slurm_additional_parameters: dict[str, int | str | float | bool] | None = None

    @classmethod
    def given(cls) -> Resources:
        """The resources that ``CHEMXL_JOBS`` asks for.

        Raises:
            ChemxlError: it is no JSON, or a setting is unknown or has a wrong value.
        """
        try:
            return cls.model_validate_json(os.environ.get("CHEMXL_JOBS") or "{}")
        except pydantic.ValidationError as error:
            wrong = "; ".join(": ".join([*map(str, e["loc"]), e["msg"]]) for e in error.errors())
            raise ChemxlError(f"CHEMXL_JOBS: {wrong}. Known settings: {', '.join(cls.model_fields)}") from None

    def at_once(self, cluster: Cluster) -> int:
        """How many jobs may run at the same time."""
        fitting = max(1, (os.cpu_count() or 1) // torch.get_num_threads())
        return self.max_workers or (fitting if cluster == "local" else 256)

    def infra(self, cluster: Cluster) -> dict[str, Any]:
        """The fields of exca's ``TaskInfra``; submitit's own defaults are five minutes and, locally, no GPU."""
        minutes, gpus = (365 * 24 * 60, torch.cuda.device_count()) if cluster == "local" else (24 * 60, None)
        given = self.model_dump(exclude={"max_workers"}, exclude_none=True)
        # A folder of its own: job numbers come again, and with them the results of other jobs.
        own = {"cluster": cluster, "mode": "cached", "logs": f"{{folder}}/logs/{{user}}/{uuid4().hex[:8]}/%j"}
        return {"timeout_min": minutes, "gpus_per_node": gpus} | given | own


def cluster() -> Cluster | None:
    """Where ``CHEMXL_CLUSTER`` says to compute lists; None for this process, and inside a job or a launch.

    Raises:
        ChemxlError: it is neither ``local`` nor ``slurm``, or Slurm is not here.
    """
    named = os.environ.get("CHEMXL_CLUSTER")
    if not named or in_job() or "LOCAL_RANK" in os.environ:  # the processes of a launch compute together
        return None
    if named not in ("local", "slurm"):
        raise ChemxlError(f"CHEMXL_CLUSTER is {named!r}: unset it, or set it to local or slurm")
    if named == "slurm" and not (shutil.which("sbatch") and shutil.which("squeue")):
        raise ChemxlError("CHEMXL_CLUSTER is slurm, but sbatch and squeue are not here: start from a login node")
    return cast("Cluster", named)


def send(values: Sequence[Experiment], resources: Resources, where: Cluster) -> list[Job | None]:
    """Send unfinished values as one array, and return their jobs.

    Raises:
        ChemxlError: Slurm refuses them.
    """
    copies = [_elsewhere(value, resources.infra(where)) for value in values]
    for copy in copies:
        (copy.folder / "job.pkl").unlink(missing_ok=True)  # a dead job's, of which exca would ask Slurm's accounting
        copy.infra.clear_job()
    try:
        with copies[0].infra.job_array(max_workers=resources.at_once(where)) as array:
            array.extend(copies)
    except submitit.core.utils.FailedJobError as error:
        raise ChemxlError(f"Slurm refuses the jobs: {str(error).strip().splitlines()[-1]}") from error
    return [last_sent(value) for value in values]


def _elsewhere(value: Experiment, infra: dict[str, Any]) -> Experiment:
    """The same value, to be computed on the cluster; its parts are computed inside the same job."""
    version = value.digest()  # which also prepares the parts
    return value.to(type(value), infra=infra | {"folder": value.infra.folder, "version": version})


def last_sent(value: Experiment) -> Job | None:
    """The last job sent for a value, by this call or an earlier one; exca keeps it in the value's folder."""
    if not ((value.folder / "submitit").is_symlink() and (value.folder / "job.pkl").exists()):
        return None
    return cast("Job", pickle.loads((value.folder / "job.pkl").read_bytes()))


def queue(where: Cluster) -> set[str] | None:
    """The numbers of this user's jobs that Slurm has not ended; None for local jobs. (submitit would ask Slurm's
    accounting, which not every cluster has.)

    Raises:
        ChemxlError: Slurm does not answer for half a minute.
    """
    if where == "local":
        return None
    command = ["squeue", "--noheader", "--array", "--format=%i", f"--user={getuser()}"]
    for pause in (1, 5, 25, 0):
        found = subprocess.run(command, capture_output=True, text=True, check=False)
        if found.returncode == 0:
            return set(found.stdout.split())
        time.sleep(pause)  # a controller that is being restarted
    raise ChemxlError(f"squeue says: {found.stderr.strip()}. Nothing is lost: run again when Slurm answers")


def alive(job: Job | None, queued: set[str] | None) -> bool:
    """Whether a job is in the queue, or a local job is a running process."""
    if job is None:
        return False
    return not job.done() if queued is None else job.job_id in queued


def computing(value: Experiment) -> bool:
    """Whether any process is computing a value now."""
    if not (value.folder / ".lock").exists():
        return False
    try:
        with value.lock().acquire(timeout=0):
            return False
    except Timeout:
        return True


def raised(job: Job | None) -> str:
    """The traceback of a job that ended with an error of its own; empty if it ended well, was killed, or is alive."""
    if job is None or not job.paths.result_pickle.exists():
        return ""
    error = job.exception()
    return "" if error is None or "submitit.core.utils.UncompletedJobError" in str(error) else str(error)
