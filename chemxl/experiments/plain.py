"""Files of plain settings, as people write them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from chemxl.errors import ChemxlError


def read_yaml(path: Path) -> dict[str, Any]:
    """The mapping in a YAML file, from names to values; an empty file is an empty mapping.

    Raises:
        ChemxlError: the file cannot be read, is not YAML, or is no mapping.
    """
    try:
        held = yaml.safe_load(path.read_text("utf-8")) or {}
    except OSError as error:
        raise ChemxlError(f"{path} cannot be read ({error.strerror}): restore it") from error
    except UnicodeDecodeError as error:
        raise ChemxlError(f"{path} is not UTF-8: convert it") from error
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f":{mark.line + 1}" if mark else ""
        raise ChemxlError(f"{path}{line}: not YAML ({getattr(error, 'problem', error)}): mend it") from error
    if not isinstance(held, dict):
        raise ChemxlError(f"{path}: names and their values were due, as name: value")
    return held
