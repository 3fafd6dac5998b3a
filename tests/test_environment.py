"""pyproject.toml, constraints.txt and environment.yml say the same."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import Version

HOUSE = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def project() -> dict[str, Any]:
    table: dict[str, Any] = tomllib.loads((HOUSE / "pyproject.toml").read_text("utf-8"))["project"]
    return table


@pytest.fixture(scope="module")
def pins() -> dict[str, Version]:
    lines = (HOUSE / "constraints.txt").read_text("utf-8").splitlines()
    found = [re.fullmatch(r"([\w.-]+)==([\w.+!]+)", line) for line in lines if not line.startswith("#")]
    assert all(found), "constraints.txt holds name==version and comments, nothing else: no address, no path"
    return {canonicalize_name(match[1]): Version(match[2]) for match in found if match}


def test_every_dependency_is_pinned_within_its_range(project: dict[str, Any], pins: dict[str, Version]) -> None:
    wanted = [*project["dependencies"], *(one for extra in project["optional-dependencies"].values() for one in extra)]
    for requirement in map(Requirement, wanted):
        pin = pins[canonicalize_name(requirement.name)]
        assert pin in requirement.specifier, f"{requirement} is pinned to {pin}"


def test_pins_that_the_book_depends_on(pins: dict[str, Version]) -> None:
    assert pins["jupyter-book"].major == 1, "2.x has no Sphinx and does not read _config.yml"
    assert pins["torch"] == Version("2.13.0")
    assert not [name for name, pin in pins.items() if pin.local], "a local version (+cpu) is not to be had everywhere"


def test_conda_makes_the_same_environment(project: dict[str, Any]) -> None:
    environment = yaml.safe_load((HOUSE / "environment.yml").read_text("utf-8"))
    *packages, by_pip = environment["dependencies"]
    python = next(package.partition("=")[2] for package in packages if package.startswith("python="))
    assert SpecifierSet(project["requires-python"]).contains(f"{python}.0")
    assert packages == [f"python={python}", "pip"], "all else comes by pip, under the same constraints"
    constraint, editable = by_pip["pip"]
    assert constraint == "--constraint constraints.txt"
    extras = re.fullmatch(r"--editable \.\[([\w,]+)\]", editable)
    assert extras and set(extras[1].split(",")) == set(project["optional-dependencies"])
