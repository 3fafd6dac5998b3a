"""The runner and the gate, on books of a few lines; each refusal names the notebook and the mend."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import yaml

from chemxl import book
from chemxl.book.gate import seal
from chemxl.book.running import in_turn
from chemxl.book.sources import read, select
from chemxl.errors import BookError
from chemxl.results import chapters

START = "# %% [markdown]\n# # Title\n\n# %%\nfrom typing import Literal\n\n"
PARAMETERS = """\
# %% tags=["parameters"]
profile: str = "small"  # which numbers
epochs: int = 6
rate: float = 0.5
seeds: list[int] = [0, 1]
head: Literal["crf", "softmax"] = "crf"
"""
SHOW = "# %%\nprint(profile, epochs, rate, seeds, head)\n"


def write(root: Path, stem: str, *cells: str) -> None:
    """A notebook source of a heading and these cells."""
    (root / "notebooks" / f"{stem}.py").write_text(START + "\n".join(cells), "utf-8")


def give(root: Path, profile: str, stem: str, values: dict[str, Any]) -> None:
    """The parameters of a profile."""
    (root / "book" / "params" / f"{profile}.yaml").write_text(yaml.safe_dump({stem: values}))


def made(root: Path, stem: str) -> dict[str, Any]:
    """A notebook that has been run."""
    result: dict[str, Any] = json.loads((root / "notebooks" / f"{stem}.ipynb").read_text("utf-8"))
    return result


def printed(root: Path, stem: str) -> str:
    """All that a notebook prints."""
    cells = made(root, stem)["cells"]
    return "".join(line for c in cells for out in c.get("outputs", []) for line in out.get("text", []))


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A book of one notebook."""
    return lay_out(tmp_path)


@pytest.fixture(scope="session")
def once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A book of one notebook that has been run."""
    root = lay_out(tmp_path_factory.mktemp("book"))
    book.run(root=root)
    return root


@pytest.fixture
def ran(once: Path, tmp_path: Path) -> Path:
    """A copy of it: a notebook that has been run does not know where."""
    return shutil.copytree(once, tmp_path, dirs_exist_ok=True)


def lay_out(root: Path) -> Path:
    """The files of a book of one notebook."""
    for folder in ("notebooks", "book/params", "book/recorded", "chemxl"):
        (root / folder).mkdir(parents=True)
    (root / "chemxl" / "module.py").write_text("ANSWER = 42\n")
    (root / "constraints.txt").write_text("numpy==2.4.6\n")
    for profile in ("small", "real"):
        (root / "book" / "params" / f"{profile}.yaml").write_text("")
    write(root, "01_one", PARAMETERS, SHOW)
    return root


def test_runs_and_passes(ran: Path) -> None:
    book.check(root=ran)
    assert printed(ran, "01_one") == "small 6 0.5 [0, 1] crf\n"
    assert not any((ran / ".runs" / "failed").iterdir())


def test_code_is_folded_unless_its_cell_says_otherwise(root: Path) -> None:
    write(root, "01_one", PARAMETERS, SHOW, '# %% tags=["code"]\nprint(head)\n')
    book.run(root=root)
    tags = [cell["metadata"]["tags"] for cell in made(root, "01_one")["cells"] if cell["cell_type"] == "code"]
    assert tags == [["hide-input"], ["parameters", "hide-input"], ["hide-input"], ["code"]]


def test_unchanged_is_not_run_again(root: Path) -> None:
    write(root, "02_two", PARAMETERS, SHOW)
    assert book.run(root=root) == ["01_one", "02_two"]
    assert book.run(root=root) == []
    write(root, "02_two", PARAMETERS, SHOW, "# %%\n1 + 1\n")
    assert book.run(root=root) == ["02_two"]
    assert book.run(["01"], root=root, again=True) == ["01_one"]


def test_two_builds_are_byte_identical(root: Path) -> None:
    noisy = """\
# %%
import sys, warnings
from tqdm.auto import tqdm
for i in tqdm(range(50)):
    print(i, flush=True)
    print("noise", file=sys.stderr, flush=True)
warnings.warn("names a path")
print({"b", "a", "c", "я"})

# %%
1

# %%
1
"""
    write(root, "01_one", PARAMETERS, noisy)
    target = root / "notebooks" / "01_one.ipynb"
    book.run(root=root)
    first = target.read_bytes()
    target.unlink()
    book.run(root=root, jobs=1)
    assert target.read_bytes() == first
    text = first.decode()
    assert str(root) not in text and "papermill" not in text and "it/s" not in text
    assert "noise" not in printed(root, "01_one")
    ids = [cell["id"] for cell in made(root, "01_one")["cells"]]
    assert len(set(ids)) == len(ids)


def test_a_healthy_run_prints_no_error(root: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """Nor does one whose kernel is slow to close its last message, as on a busy machine."""
    slow = """\
# %%
import time

kernel = get_ipython().kernel
answer = kernel.shell_handlers["kernel_info_request"]


async def slowly(*request):
    await answer(*request)
    time.sleep(0.5)


kernel.shell_handlers["kernel_info_request"] = slowly
"""
    write(root, "01_one", PARAMETERS, slow)
    book.run(root=root)
    assert capfd.readouterr().err == ""


def test_the_profile_is_injected(root: Path) -> None:
    give(root, "real", "01_one", {"epochs": 3, "rate": 1, "seeds": [7], "head": "softmax"})
    book.run(root=root, profile="real")
    assert printed(root, "01_one") == "real 3 1.0 [7] softmax\n"
    book.check(root=root, profile="real")
    with pytest.raises(BookError, match=r"was run with the profile real: chemxl run 01_one --profile small"):
        book.check(root=root)


def test_typed_parameters_are_run_but_not_published(root: Path) -> None:
    typed = {"epochs": "2", "rate": "5e-5", "seeds": "[3]", "head": "softmax", "profile": "mine"}
    book.run(root=root, parameters=typed)
    assert printed(root, "01_one") == "mine 2 5e-05 [3] softmax\n"
    with pytest.raises(BookError, match=r"other inputs than those in the tree \(parameters\)"):
        book.check(root=root)


@pytest.mark.parametrize("values", [{"epoch": 3}, {"epochs": "3"}, {"epochs": 3.5}, {"epochs": True}, {"epochs": None}])
def test_a_profile_that_does_not_fit(root: Path, values: dict[str, Any]) -> None:
    give(root, "small", "01_one", values)
    for refuse in (book.run, book.check):
        with pytest.raises(BookError, match=r"book/params/small.yaml: 01_one.*epoch"):
            refuse(root=root)
    assert not (root / "notebooks" / "01_one.ipynb").exists()


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("epoch", "3", "the command line: 01_one has no parameter epoch: choose from profile, epochs"),
        ("epochs", "three", "epochs must be int, not 'three'"),
        ("epochs", "3.5", "epochs must be int"),
        ("rate", '"0.1"', "rate must be float"),
        ("seeds", "1", r"seeds must be list\[int\]"),
        ("seeds", '["a"]', r"seeds must be list\[int\]"),
        ("head", "mlp", "head must be Literal"),
    ],
)
def test_a_typed_parameter_that_does_not_fit(root: Path, name: str, value: str, message: str) -> None:
    with pytest.raises(BookError, match=message):
        book.run(root=root, parameters={name: value})
    assert not (root / "notebooks" / "01_one.ipynb").exists()


def test_one_bad_notebook_stops_all_before_any_runs(root: Path) -> None:
    write(root, "02_two", SHOW)
    with pytest.raises(BookError, match=r"02_two.py: 0 cells are tagged parameters"):
        book.run(root=root)
    assert not list((root / "notebooks").glob("*.ipynb"))


@pytest.mark.parametrize(
    ("cells", "message"),
    [
        ([SHOW], "0 cells are tagged parameters: mark one"),
        ([PARAMETERS, PARAMETERS], "2 cells are tagged parameters: mark one"),
        ([PARAMETERS + "steps = 3\n"], "'steps = 3' is no parameter: write name: type = value"),
        ([PARAMETERS + "steps: int\n"], "'steps: int' is no parameter"),
        ([PARAMETERS + "steps: int = 2 * 3\n"], "is no parameter"),
        ([PARAMETERS + "steps: int = 'three'\n"], "is no parameter"),
        ([PARAMETERS + "steps: Path = 'three'\n"], "is no parameter"),
        ([PARAMETERS + "import os\n"], "'import os' is no parameter"),
        ([PARAMETERS + "steps: int = = 3\n"], "cannot be read"),
    ],
)
def test_a_parameters_cell_that_is_none(ran: Path, cells: list[str], message: str) -> None:
    write(ran, "01_one", *cells)
    for refuse in (book.run, book.check):
        with pytest.raises(BookError, match=f"notebooks/01_one.py: .*{message}"):
            refuse(root=ran)


def test_a_failing_cell(root: Path) -> None:
    write(root, "01_one", PARAMETERS, '# %%\nprint("so far")\n', "# %%\n1 / 0\n")
    write(root, "02_two", PARAMETERS, SHOW)
    with pytest.raises(BookError, match=r"01_one.py failed \(see .runs/failed/01_one.ipynb\): cell \[4\] raised Zero"):
        book.run(root=root)
    assert "so far" in (root / ".runs" / "failed" / "01_one.ipynb").read_text("utf-8")
    assert not (root / "notebooks" / "01_one.ipynb").exists()
    assert printed(root, "02_two")
    with pytest.raises(BookError, match=r"^notebooks/01_one.ipynb is missing: chemxl run 01_one --profile small$"):
        book.check(root=root)


def test_a_failure_after_a_success_leaves_nothing_to_publish(ran: Path) -> None:
    write(ran, "01_one", PARAMETERS, "# %%\n1 / 0\n")
    with pytest.raises(BookError, match="ZeroDivisionError"):
        book.run(root=ran)
    with pytest.raises(BookError, match=r"other inputs than those in the tree \(source\)"):
        book.check(root=ran)


def test_a_kernel_that_dies(root: Path) -> None:
    write(root, "01_one", PARAMETERS, "# %%\nimport os\nos._exit(3)\n")
    with pytest.raises(BookError, match=r"01_one.py failed.*DeadKernelError"):
        book.run(root=root)


def test_an_error_in_an_output(ran: Path) -> None:
    notebook = made(ran, "01_one")
    error = {"output_type": "error", "ename": "ValueError", "evalue": "", "traceback": []}
    notebook["cells"][-1]["outputs"].append(error)
    notebook["metadata"]["chemxl"]["content"] = seal(notebook)
    (ran / "notebooks" / "01_one.ipynb").write_text(json.dumps(notebook))
    with pytest.raises(BookError, match=r"01_one.ipynb holds an error"):
        book.check(root=ran)


@pytest.mark.parametrize(
    ("path", "named"),
    [
        ("chemxl/module.py", "chemxl"),
        ("chemxl/corpora/mini/a.ann", "chemxl"),
        ("book/recorded/04_ner.csv", "recorded"),
        ("book/recorded/04_ner.configs.json", "recorded"),
        ("book/params/real.yaml", "recorded"),
        ("book/papers.yaml", "papers and claims"),
        ("book/claims.yaml", "papers and claims"),
        ("book/coverage.yaml", "papers and claims"),
        ("constraints.txt", "constraints"),
    ],
)
def test_an_input_that_was_edited_after_the_run(ran: Path, path: str, named: str) -> None:
    (ran / path).parent.mkdir(parents=True, exist_ok=True)
    (ran / path).write_text("changed = 1\n")
    message = rf"^notebooks/01_one.ipynb was run from other inputs .* \({named}\): chemxl run 01_one --profile small$"
    with pytest.raises(BookError, match=message):
        book.check(root=ran)


def test_the_profile_edited_after_the_run(ran: Path) -> None:
    give(ran, "small", "01_one", {"epochs": 7})
    with pytest.raises(BookError, match=r"\(parameters\)"):
        book.check(root=ran)


def test_a_page_without_parameters_depends_on_those_of_all(root: Path) -> None:
    write(root, "02_two", '# %% tags=["parameters"]\n# None.\n', "# %%\nprint(1)\n")
    assert book.run(root=root) == ["01_one", "02_two"] and printed(root, "02_two") == "1\n"
    give(root, "small", "01_one", {"epochs": 7})
    with pytest.raises(BookError, match=r"01_one.*\(parameters\).*\n.*02_two.*\(profiles\)"):
        book.check(root=root)


def test_an_edited_output_is_refused_and_put_aside(ran: Path) -> None:
    target = ran / "notebooks" / "01_one.ipynb"
    target.write_text(target.read_text("utf-8").replace("small 6", "small 9"), "utf-8")
    with pytest.raises(BookError, match="was changed after it"):
        book.check(root=ran)
    assert book.run(root=ran) == ["01_one"]
    assert "small 9" in (ran / ".runs" / "edited" / "01_one.ipynb").read_text("utf-8")
    book.check(root=ran)
    target.write_text(target.read_text("utf-8").replace("small 6", "small 8"), "utf-8")
    assert book.run(root=ran) == ["01_one"]
    for number, name in ((9, "01_one"), (8, "01_one-2")):  # the earlier edit stays
        assert f"small {number}" in (ran / ".runs" / "edited" / f"{name}.ipynb").read_text("utf-8")


@pytest.mark.parametrize("content", ["", "{}", "[]", '{"metadata": {"chemxl": 1}, "cells": []}', "\x00"])
def test_a_file_that_is_no_run_notebook(root: Path, content: str) -> None:
    (root / "notebooks" / "01_one.ipynb").write_text(content)
    with pytest.raises(BookError, match=r"01_one.ipynb was not made by chemxl run"):
        book.check(root=root)


def test_every_problem_is_named_at_once(root: Path) -> None:
    write(root, "02_two", SHOW)
    (root / "notebooks" / "03_gone.ipynb").write_text("{}")
    with pytest.raises(BookError) as caught:
        book.check(root=root)
    lines = str(caught.value).splitlines()
    assert [line.split()[0] for line in lines] == [
        "notebooks/01_one.ipynb",
        "notebooks/02_two.py:",
        "notebooks/03_gone.ipynb",
    ]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"stems": ["07"]}, "there is no notebook 07: choose from 01_one"),
        ({"profile": "huge"}, "there is no profile huge: choose from real, small"),
    ],
)
def test_what_is_not_there(root: Path, arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(BookError, match=message):
        book.run(root=root, **arguments)


def test_a_profile_for_no_notebook(root: Path) -> None:
    give(root, "small", "09_nine", {"epochs": 1})
    with pytest.raises(BookError, match=r"small.yaml: there is no notebook 09_nine"):
        book.run(root=root)
    with pytest.raises(BookError, match=r"holds no NN_name.py"):
        book.check(root=root / "book")


def test_chapters_that_share_runs_are_not_run_side_by_side() -> None:
    root = Path(__file__).parents[1]
    sources = read(root, select(root, ()), profile="small", parameters=None)
    stems = [source.stem for source in in_turn(sources)]
    assert sorted(stems) == [source.stem for source in sources]
    own = [stem for stem in stems if stem in chapters.find()]
    assert stems[: len(own)] == own, "pages read what chapters have run"
    assert all(abs(int(a[:2]) - int(b[:2])) > 1 for a, b in pairwise(own))


def test_jobs_run_side_by_side(root: Path) -> None:
    meet = """\
# %%
from pathlib import Path
from time import monotonic, sleep
Path("{mine}.txt").touch()
until = monotonic() + 60
while not Path("{other}.txt").exists():
    assert monotonic() < until
    sleep(0.01)
"""
    write(root, "01_one", PARAMETERS, meet.format(mine="one", other="two"))
    write(root, "02_two", PARAMETERS, meet.format(mine="two", other="one"))
    assert book.run(root=root, jobs=2) == ["01_one", "02_two"]


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
def test_an_interrupt_leaves_nothing_half_written(ran: Path, how: signal.Signals) -> None:
    before = (ran / "notebooks" / "01_one.ipynb").read_bytes()
    slow = "# %%\nimport os, pathlib, time\npathlib.Path('../pid').write_text(str(os.getpid()))\ntime.sleep(120)\n"
    write(ran, "01_one", PARAMETERS, '# %%\nprint("half")\n', slow)
    # A shell that started the tests in the background has had interrupts ignored, and a child inherits that.
    code = "import signal\nsignal.signal(signal.SIGINT, signal.default_int_handler)\n"
    code += "from chemxl import book\nif __name__ == '__main__':\n    book.run(jobs=1)\n"
    (ran / "go.py").write_text(code)
    here = str(Path(book.__file__).parents[2])
    runner = subprocess.Popen(
        [sys.executable, "go.py"],
        cwd=ran,
        env={**os.environ, "PYTHONPATH": here},
        stderr=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
    )
    until = time.monotonic() + 60
    while not ((ran / "pid").exists() and (ran / "pid").read_text()) and time.monotonic() < until:
        time.sleep(0.02)
    runner.send_signal(how)
    assert runner.wait(60) != 0
    assert sorted(path.name for path in (ran / "notebooks").iterdir()) == ["01_one.ipynb", "01_one.py"]
    assert (ran / "notebooks" / "01_one.ipynb").read_bytes() == before
    kernel = Path("/proc") / (ran / "pid").read_text()
    while alive(kernel) and time.monotonic() < until:
        time.sleep(0.05)
    assert not alive(kernel)


def alive(process: Path) -> bool:
    """Whether a process runs on; a dead one that nobody has asked after does not."""
    try:
        return (process / "stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_folders_in_the_environment_may_be_relative(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(root)
    monkeypatch.setenv("CHEMXL_DATA", "data")
    monkeypatch.delenv("CHEMXL_RUNS", raising=False)
    code = "import os\nfrom pathlib import Path\n"
    code += "assert Path(os.environ['CHEMXL_DATA']) == Path('../data').resolve()\n"
    code += "assert Path(os.environ['CHEMXL_RUNS']) == Path('../.runs').resolve()\n"
    write(root, "01_one", PARAMETERS, "# %%\n" + code)
    assert book.run() == ["01_one"]


@pytest.fixture
def pages(ran: Path) -> Path:
    """A book of one page and one notebook, rendered as ours is."""
    house = Path(__file__).parents[1]
    config = yaml.safe_load((house / "_config.yml").read_text("utf-8"))
    config["bibtex_bibfiles"] = ["book/references.bib"]
    (ran / "book" / "references.bib").touch()
    config["sphinx"]["config"]["html_static_path"] = []
    config["sphinx"]["config"]["html_css_files"] = []
    (ran / "_config.yml").write_text(yaml.safe_dump(config))
    (ran / "_toc.yml").write_text("format: jb-book\nroot: book/index\nchapters:\n- file: notebooks/01_one\n")
    (ran / "book" / "index.md").write_text("# Home\n\nWhere $x^2$ is.\n")
    return ran


def test_build_renders_and_says_that_small_is_a_demonstration(pages: Path) -> None:
    page = book.build(root=pages)
    assert page.is_file()
    html = (pages / "_build/html/notebooks/01_one.html").read_text("utf-8")
    assert "demonstration" in html and "small 6 0.5" in html
    home = (pages / "_build/html/book/index.html").read_text("utf-8")
    assert "_static/mathjax/tex-chtml.js" in home and "cdn.jsdelivr.net" not in home
    book.run(root=pages, profile="real")
    book.build(profile="real", root=pages)
    assert "demonstration" not in (pages / "_build/html/notebooks/01_one.html").read_text("utf-8")


def test_build_refuses_a_warning_each_time(pages: Path) -> None:
    (pages / "book" / "index.md").write_text("# Home\n\n{ref}`nowhere`\n")
    for _ in range(2):
        with pytest.raises(BookError, match="was not built"):
            book.build(root=pages)


def test_build_asks_the_gate_first(pages: Path) -> None:
    (pages / "notebooks" / "01_one.ipynb").unlink()
    with pytest.raises(BookError, match=r"01_one.ipynb is missing"):
        book.build(root=pages)
    assert not (pages / "_build").exists()


def test_a_notebook_may_ask_for_the_settings_of_all_others(ran: Path) -> None:
    cell = '# %% tags=["parameters"]\nprofile: str = "small"\nsettings: dict = {}\n'
    write(ran, "10_board", cell, '# %%\nprint(settings["01_one"]["epochs"], sorted(settings))\n')
    book.run(["10"], root=ran)
    assert printed(ran, "10_board") == "6 ['01_one']\n"
    give(ran, "small", "01_one", {"epochs": 7})
    with pytest.raises(BookError, match=r"10_board.ipynb was run from other inputs .* \(parameters\)"):
        book.check(root=ran)
    book.run(root=ran)
    assert printed(ran, "10_board") == "7 ['01_one']\n"
