"""The origin of a result: commit, versions and hardware, without paths and host names."""

from __future__ import annotations

import platform
import subprocess
import time
from contextlib import suppress
from importlib import metadata
from pathlib import Path
from typing import Any

import torch


def provenance() -> dict[str, Any]:
    """Commit, versions and hardware of this process, without paths and host names."""
    packages = ("chemxl", "torch", "transformers", "tokenizers", "accelerate", "numpy", "scikit-learn")
    versions = {}
    for name in packages:
        with suppress(metadata.PackageNotFoundError):
            versions[name] = metadata.version(name)
    return {
        "commit": _commit(),
        "python": platform.python_version(),
        "versions": versions,
        "hardware": hardware(),
        "date": time.strftime("%Y-%m-%d", time.gmtime()),
    }


def hardware() -> str:
    """The GPU, or else the processor's model and the number of cores in use."""
    if torch.cuda.is_available():
        return f"{torch.cuda.device_count()} x {torch.cuda.get_device_name()}"
    model = platform.processor() or platform.machine()
    if Path("/proc/cpuinfo").exists():
        names = [line for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name")]
        model = names[0].partition(":")[2].strip() if names else model
    return f"{model}, {torch.get_num_threads()} cores"


def _commit() -> str:
    """The commit of the source code, marked if files have changed since; empty outside of a checkout."""

    def git(*args: str) -> str:
        """The output of a git command."""
        command = ["git", "-C", str(Path(__file__).parent), *args]
        return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()

    commit = git("rev-parse", "HEAD")
    return commit + ("+changes" if commit and git("status", "--porcelain", "--untracked-files=no") else "")
