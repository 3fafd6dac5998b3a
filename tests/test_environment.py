"""The house's files say the same: dependencies and pins, versions, commands of the workflows, paths in the prose."""

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

from tests.conftest import SLOWEST

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


WORKFLOWS = sorted((HOUSE / ".github/workflows").glob("*.yml"))


def steps(workflow: Path) -> list[dict[str, Any]]:
    """What all its jobs do, in their order."""
    jobs = yaml.safe_load(workflow.read_text("utf-8"))["jobs"]
    return [step for job in jobs.values() for step in job["steps"]]


def targets() -> set[str]:
    """What make can be asked for."""
    declared = re.search(r"^\.PHONY: (.+)$", (HOUSE / "Makefile").read_text("utf-8"), re.M)
    assert declared
    return set(declared[1].split())


def test_workflows_run_what_ci_runs_and_the_makefile_has() -> None:
    assert [path.name for path in WORKFLOWS] == ["publish.yml", "test.yml"]
    commands = {path.stem: [step["run"] for step in steps(path) if "run" in step] for path in WORKFLOWS}
    asked = {name: [command.split()[1] for command in found] for name, found in commands.items()}
    assert all(command.startswith("make ") for found in commands.values() for command in found)
    assert asked["test"] == re.findall(r"^make (\w+)", (HOUSE / ".ci/run").read_text("utf-8"), re.M)
    assert {*asked["test"], *asked["publish"]} <= targets()


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda path: path.stem)
def test_workflows_are_safe_to_run(workflow: Path, project: dict[str, Any]) -> None:
    whole = yaml.safe_load(workflow.read_text("utf-8"))
    assert whole["permissions"] == {"contents": "read"} and whole["concurrency"]["group"]
    assert all("timeout-minutes" in job for job in whole["jobs"].values())
    for step in steps(workflow):
        assert re.fullmatch(r"actions/[a-z-]+@(v\d+|[0-9a-f]{40})", step.get("uses", "actions/none@v1"))
    pythons = re.findall(r'"(3\.\d+)"', workflow.read_text("utf-8"))
    assert pythons and all(SpecifierSet(project["requires-python"]).contains(f"{python}.0") for python in pythons)
    events = whole[True]  # YAML 1.1 takes the key `on` for true
    assert events["push"] == {"branches": ["main"]} and "pull_request_target" not in events


def test_the_published_folder_is_where_the_book_is_built() -> None:
    (upload,) = [step for step in steps(HOUSE / ".github/workflows/publish.yml") if "upload" in step.get("uses", "")]
    assert f"{upload['with']['path']}/index.html" in (HOUSE / "README.md").read_text("utf-8")


def test_hooks_are_the_project_s_own_tools(pins: dict[str, Version]) -> None:
    config = yaml.safe_load((HOUSE / ".pre-commit-config.yaml").read_text("utf-8"))
    assert [repository["repo"] for repository in config["repos"]] == ["local"], "nothing is fetched"
    hooks = {hook["id"]: hook for hook in config["repos"][0]["hooks"]}
    refused = hooks.pop("no-made-notebooks")
    assert refused["language"] == "fail"
    assert re.search(refused["files"], "notebooks/01_a.ipynb") and not re.search(refused["files"], "notebooks/01_a.py")
    for hook in hooks.values():
        tool = re.match(r"\.venv/bin/([a-z]+)(?: |$)", hook["entry"])
        assert tool and tool[1] in pins and f"$(BIN)/{tool[1]}" in (HOUSE / "Makefile").read_text("utf-8")


def test_one_version_and_one_date(project: dict[str, Any]) -> None:
    citation = yaml.safe_load((HOUSE / "CITATION.cff").read_text("utf-8"))
    assert citation["cff-version"] == "1.2.0"
    assert {"message", "title", "authors", "type"} <= set(citation)
    assert citation["version"] == project["version"]
    assert citation["license"] == project["license"].split(" AND ")
    heads = re.findall(r"^## \[(.+?)\](?: - (\d{4}-\d\d-\d\d))?$", (HOUSE / "CHANGELOG.md").read_text("utf-8"), re.M)
    assert heads[0] == ("Unreleased", "")
    assert heads[1] == (project["version"], citation["date-released"])
    assert [Version(version) for version, _ in heads[1:]] == sorted((Version(v) for v, _ in heads[1:]), reverse=True)


@pytest.mark.parametrize("page", ["CONTRIBUTING.md", "README.md"])
def test_files_that_a_page_names_exist(page: str) -> None:
    """But for what is made, and for patterns such as NN_name."""
    named = re.findall(r"`([\w.-]+/[\w./-]*)`", (HOUSE / page).read_text("utf-8"))
    assert named
    made = ("_build/", ".venv/", "notebooks/NN_")
    assert [path for path in named if not path.startswith(made) and not (HOUSE / path).exists()] == []


@pytest.mark.parametrize("page", ["CONTRIBUTING.md", "README.md", "book/running.md"])
def test_targets_that_a_page_names_exist(page: str) -> None:
    assert set(re.findall(r"(?:^|`)make ([a-z]+)", (HOUSE / page).read_text("utf-8"), re.M)) <= targets()


def test_the_files_that_start_first_exist() -> None:
    assert [name for name in SLOWEST if not (HOUSE / "tests" / name).exists()] == []
