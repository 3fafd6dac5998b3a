"""Every command, met with what people do to it: one line that names the place and the mend, 1 or 2, nothing written."""

from __future__ import annotations

import json
import os
import pty
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import typer

from chemxl import cli, console, corpora, outputs, stream
from chemxl.errors import ChemxlError
from chemxl.models.tagger import Tagger
from chemxl.relations.extractor import Extractor
from tests.test_book import PARAMETERS, SHOW, lay_out, write

TEXT = "Aspirin helped.\n"
HAND = "T1\tDRUG 0 7\tAspirin\n#1\tAnnotatorNotes T1\tchecked by hand\n"

Ran = Callable[..., tuple[int, str, str]]


@pytest.fixture
def chemxl(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Ran:
    """The command in this process: exit status, output, errors."""

    def ran(*arguments: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["chemxl", *map(str, arguments)])
        capfd.readouterr()
        with pytest.raises(SystemExit) as stopped:
            cli.main()
        code = stopped.value.code
        return (int(code or 0), *capfd.readouterr())

    return ran


def separate(*arguments: object, shell: str = "{}", stdin: bytes = b"") -> tuple[int, str, str]:
    """The command in a process of its own."""
    command = " ".join([sys.executable, "-m", "chemxl.cli", *map(str, arguments)])
    environment = {**os.environ, "PYTHONPATH": str(Path(cli.__file__).parents[1])}
    done = subprocess.run(
        ["bash", "-c", shell.format(command)], input=stdin, capture_output=True, env=environment, check=False
    )
    return done.returncode, done.stdout.decode(), done.stderr.decode()


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a text, with things in the way, and with a book and a project that are broken."""
    (tmp_path / "a.txt").write_text(TEXT)
    (tmp_path / "file").write_text("x")
    (tmp_path / "folder").mkdir()
    (tmp_path / "locked").mkdir(mode=0o555)
    (tmp_path / "cp1251.txt").write_bytes("fine\nплохо".encode("cp1251"))
    (tmp_path / "utf16.txt").write_bytes("no mark".encode("utf-16-le"))
    for name, kept in (("mine", "a.ann"), ("other", "a.txt")):
        (tmp_path / name).mkdir()
        (tmp_path / name / kept).write_text(HAND)
    (tmp_path / "b.jsonl").write_text("a person's\n")
    (tmp_path / "rows.jsonl").write_text('{"abstract": "x", "about": []}\n')
    lay_out(tmp_path / "book")
    (tmp_path / "book/_config.yml").write_text("title: [\n")
    (tmp_path / "project/round-001").mkdir(parents=True)
    (tmp_path / "project/round-001/round.json").write_text("{")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CHEMXL_DATA", str(tmp_path / "none"))
    return tmp_path


@pytest.fixture
def untagged(monkeypatch: pytest.MonkeyPatch) -> None:
    """No text is tagged: what is wrong is found before."""
    for kind in (Tagger, Extractor):
        monkeypatch.setattr(kind, "load", classmethod(lambda cls, folder: pytest.fail("found after the work")))


def snapshot(folder: Path) -> dict[str, bytes]:
    """Every file and every folder, but for the lock of a project."""
    return {
        path.relative_to(folder).as_posix(): b"" if path.is_dir() else path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.name != ".lock"
    }


# A command with what is bad about it, and what its one line names: the place, and the mend or what there is.
TAG = [
    ("tag none.txt", "none.txt", "name a file"),
    ("tag folder", "folder", "name a file"),
    ("tag cp1251.txt", "cp1251.txt:2", "iconv -f NAME"),
    ("tag utf16.txt", "utf16.txt:1", "iconv -f NAME"),
    ("tag a.txt a.txt", "a", "rename one"),
    ("tag a.txt file", "brat", "--out"),
    ("tag a.txt --format jsonl --out no/such/x.jsonl", "no/such", "make the folder"),
    ("tag a.txt --format html --out no/x.html", "no/x.html", "make the folder"),
    ("tag a.txt --format jsonl --out folder", "folder", "name a file in it"),
    ("tag a.txt --format jsonl --out file/x.jsonl", "file", "name another place"),
    ("tag a.txt --format jsonl --out b.jsonl", "b.jsonl", "--force"),
    ("tag a.txt --out file", "file", "name another place"),
    ("tag a.txt --out file/deep/er", "file", "name another place"),
    ("tag a.txt --out /proc/x", "/proc/x", "name another place"),
    ("tag a.txt --out x.jsonl", "x.jsonl", "--format jsonl"),
    ("tag a.txt --out mine", "mine/a.ann", "--force"),
    ("tag a.txt --out other", "other/a.txt", "--force"),
    ("tag a.txt --out mine --skip-done --format html", "--skip-done", "--out"),
    ("tag a.txt --skip-done --format jsonl", "--skip-done", "--out"),
    ("tag a.txt --skip-done --format jsonl --out b.jsonl", "b.jsonl:1", "leave out --skip-done"),
    ("tag none/*.txt", "none/*.txt", "name a file"),
    ("tag b.jsonl", "brat", "--out"),
    ("tag b.jsonl --format jsonl", "b.jsonl:1", "not JSON"),
    ("tag rows.jsonl --format jsonl", "rows.jsonl:1", "--field (texts: abstract)"),
    ("tag rows.jsonl --format jsonl --field abstract --id about", "rows.jsonl:1", "--id"),
    ("tag a.txt --input tsv --format jsonl", "a.txt:1", "--field (columns: Aspirin helped.)"),
]
BAD = [
    *TAG,
    *((line.replace("tag", "extract", 1), named, mend) for line, named, mend in TAG),
    ("annotate out none.txt --project p", "none.txt", "name a file"),
    ("annotate out rows.jsonl --project p", "rows.jsonl:1", "--field (texts: abstract)"),
    ("annotate out rows.jsonl --project p --field abstract --id about", "rows.jsonl:1", "--id"),
    ("annotate out a.txt --project file --model folder", "file", "name another folder"),
    ("annotate out a.txt --project /proc/x --model folder", "/proc/x", "name another folder"),
    ("annotate out a.txt --project project --model folder", "round.json", "restore it"),
    ("annotate in --project none", "none", "there are none"),
    ("annotate in --project project", "round.json", "restore it"),
    ("annotate in --project project --round 7", "project", "there are 1"),
    ("train atlantis --out m", "'atlantis'", "the catalogue has"),
    ("train bc5cdr --out m", "bc5cdr", "set CHEMXL_DATA"),
    ("train folder --out m", "folder", "brat (.txt with .ann)"),
    ("train a.txt --out m", "a.txt", "were due"),
    ("train mini --out file", "file", "name another place"),
    ("train mini --out /proc/x", "/proc/x", "name another place"),
    ("train mini --out mine", "mine", "--force"),
    ("train mini --out mine --force", "mine", "name another place"),
    ("train mini --out m --types COLOUR", "'COLOUR'", "it can give"),
    ("train mini --out m --start nowhere", "'nowhere'", "take one of"),
    ("evaluate folder atlantis", "'atlantis'", "the catalogue has"),
    ("evaluate folder mini --split gold", "gold", "it has train"),
    ("evaluate folder mini --errors folder", "folder", "name another file"),
    ("evaluate folder mini --errors b.jsonl", "b.jsonl", "--force"),
    ("export folder file", "file", "name another place"),
    ("export folder mine", "mine", "--force"),
    ("corpora check atlantis", "'atlantis'", "the catalogue has"),
    ("corpora check bc5cdr", "bc5cdr", "set CHEMXL_DATA"),
    ("corpora check cp1251.txt", "cp1251.txt", "were due"),
    ("corpora check folder", "folder", "brat (.txt with .ann)"),
    ("corpora verify atlantis", "'atlantis'", "the catalogue has"),
    ("corpora verify bc5cdr", "bc5cdr", "set CHEMXL_DATA"),
    ("corpora statistics atlantis", "'atlantis'", "the catalogue has"),
    ("corpora statistics mini bc5cdr", "bc5cdr", "set CHEMXL_DATA"),
    ("run", "notebooks", "book's folder"),
    ("run -p epochs", "'epochs'", "-p name=value"),
    ("check", "notebooks", "book's folder"),
    ("build", "notebooks", "book's folder"),
    ("record atlantis", "atlantis", "choose from"),
    ("record 4", "no book", "_config.yml"),
]
USAGE = [
    ("nothing", "nothing"),
    ("tag a.txt --format xml", "--format"),
    ("tag --colour", "--colour"),
    ("tag --min-score 2", "--min-score"),
    ("tag --input pdf", "--input"),
    ("extract a.txt --format xml", "--format"),
    ("train", "CORPUS"),
    ("train mini", "--out"),
    ("train mini --out m --epochs few", "--epochs"),
    ("train mini --out m --seed -1", "--seed"),
    ("train mini --out m --rate inf", "--rate"),
    ("evaluate folder", "CORPUS"),
    ("export folder", "OUT"),
    ("corpora check", "CORPUS"),
    ("annotate out a.txt", "--project"),
    ("annotate out a.txt --project p --count 0", "--count"),
    ("annotate out a.txt --project p --seed -1", "--seed"),
    ("annotate in", "--project"),
    ("corpora list --all", "--all"),
    ("corpora verify --all", "--all"),
    ("corpora statistics --all", "--all"),
    ("run --jobs 0", "--jobs"),
    ("check --profile nope", "--profile"),
    ("build --profile nope", "--profile"),
    ("record", "chapter"),
]


def commands(group: typer.Typer, before: str = "") -> Iterator[str]:
    """The name of every command there is."""
    for command in group.registered_commands:
        assert command.callback
        yield f"{before}{command.name or command.callback.__name__}"
    for inner in group.registered_groups:
        assert inner.typer_instance
        yield from commands(inner.typer_instance, f"{before}{inner.name} ")


def test_no_command_is_left_out() -> None:
    for name in commands(cli.app):
        assert any(line.startswith(name) for line, _ in USAGE), name
        assert name == "corpora list" or any(line.startswith(name) for line, *_ in BAD), name


@pytest.mark.parametrize(("line", "named", "mend"), BAD)
def test_bad_input_is_one_line_and_nothing_is_written(
    place: Path, untagged: None, chemxl: Ran, line: str, named: str, mend: str
) -> None:
    before = snapshot(place)
    status, out, err = chemxl(*line.split())
    assert (status, out) == (1, "")
    assert err.startswith("Error: ") and err.count("\n") == 1 and named in err and mend in err
    assert snapshot(place) == before


@pytest.mark.parametrize(("line", "named"), USAGE)
def test_a_line_that_no_command_knows_is_status_2(place: Path, chemxl: Ran, line: str, named: str) -> None:
    before = snapshot(place)
    status, out, err = chemxl(*line.split())
    assert (status, out) == (2, "") and named in err
    assert err.count("\n") == 1 and "--help" in err
    assert snapshot(place) == before


@pytest.mark.parametrize(
    "line",
    [
        *(["tag", "a.txt", "--out", ""], ["tag", "a.txt", "--out="], ["extract", "", "--format", "html"]),
        *(["annotate", "out", "a.txt", "--project", ""], ["train", "mini", "--out="], ["corpora", "check", ""]),
        *(["evaluate", "", "mini"], ["export", "in-the-box", ""], ["record", ""], ["run", ""]),
    ],
)
def test_a_variable_that_is_not_set(place: Path, untagged: None, chemxl: Ran, line: list[str]) -> None:
    before = snapshot(place)
    status, out, err = chemxl(*line)
    assert (status, out) == (2, "") and err.count("\n") == 1 and "An argument is empty" in err
    assert snapshot(place) == before


@pytest.mark.skipif(os.getuid() == 0, reason="no folder is locked for root")
def test_no_right_to_write(place: Path, untagged: None, chemxl: Ran) -> None:
    for format, out in (("brat", "locked"), ("brat", "locked/new"), ("jsonl", "locked/x.jsonl")):
        status, _, err = chemxl("tag", "a.txt", "--format", format, "--out", out)
        assert status == 1 and err.count("\n") == 1 and "locked" in err


def test_settings_of_a_chapter_are_refused_at_once(place: Path, chemxl: Ran, monkeypatch: pytest.MonkeyPatch) -> None:
    book = place / "book"
    monkeypatch.chdir(book)
    cell = '# %% tags=["parameters"]\nprofile: str = "small"\nmodels: list = ["mini"]\nepochs: int = 1\n'
    write(book, "04_ner", cell, "# %%\nprint(profile)\n")
    before = snapshot(place)
    for line, expected in {
        "run 4 -p epochs=-1": ("04_ner: epochs:", "greater than or equal to 1", "not -1"),
        "run notebooks/04_ner.py -p profile=nope": ("04_ner: profile:", "'small', 'real' or 'paper'", "not 'nope'"),
        "run 04_ner -p colour=blue": ("the command line: 04_ner has no parameter colour", "choose from profile"),
        "run notebooks/05.py": ("no notebook notebooks/05.py", "choose from 01_one, 04_ner"),
        "check": ("01_one.ipynb is missing: chemxl run 01_one",),
        "build": ("01_one.ipynb is missing: chemxl run 01_one",),
    }.items():
        status, out, err = chemxl(*line.split())
        assert (status, out) == (1, "") and all(part in err for part in expected), err
        assert err.count("\n") == 1 or line in {"check", "build"}  # one line for each notebook
    assert snapshot(place) == before


def test_a_notebook_is_known_by_number_stem_and_file(place: Path, chemxl: Ran, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(place / "book")
    write(place / "book", "02_two", PARAMETERS, SHOW)
    assert chemxl("run", "1")[0] == 0
    for name in ("1", "01", "01_one", "01_one.py", "notebooks/01_one.py", place / "book/notebooks/01_one.ipynb"):
        assert chemxl("run", name) == (0, "01_one: up to date\n", "")
    assert not (place / "book/notebooks/02_two.ipynb").exists()


def test_settings_that_are_not_yaml(place: Path, chemxl: Ran, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(place / "book")
    for line, path, text in (
        ("run 1", "book/params/small.yaml", "01_one: [\n"),
        ("run 1", "book/params/small.yaml", "- 01_one\n"),
        ("run 1", "book/params/small.yaml", "01_one: 3\n"),
        ("record 4", "book/params/real.yaml", "04_ner: [\n"),
        ("record 4", "book/params/real.yaml", "04_ner: {epoch: 3}\n"),
        ("record 4", "book/params/real.yaml", "04_ner: {epochs: three}\n"),
    ):
        (place / "book" / path).write_text(text)
        before = snapshot(place)
        status, out, err = chemxl(*line.split())
        assert (status, out) == (1, "") and err.count("\n") == 1 and path in err, err
        assert snapshot(place) == before
        (place / "book" / path).write_text("")


def test_what_a_person_made_stays_unless_forced(place: Path, chemxl: Ran, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Tagger, "load", classmethod(lambda cls, folder: Silent()))
    text = place / "mine/a.txt"
    text.write_text(TEXT)
    status, _, err = chemxl("tag", "mine/a.txt", "--out", "mine", "--model", "folder")
    assert status == 1 and "mine/a.ann is there already" in err and (place / "mine/a.ann").read_text() == HAND
    assert chemxl("tag", "mine/a.txt", "--out", "mine", "--model", "folder", "--force")[0] == 0
    assert ((place / "mine/a.ann").read_text(), text.read_text()) == ("", TEXT)
    # Beside the text itself, where there is no annotation, nothing is written over.
    (place / "mine/a.ann").unlink()
    written = text.stat().st_mtime_ns
    assert chemxl("tag", "mine/a.txt", "--out", "mine", "--model", "folder")[0] == 0
    assert (place / "mine/a.ann").exists() and text.stat().st_mtime_ns == written
    assert chemxl("tag", "a.txt", "--format", "jsonl", "--out", "b.jsonl", "--model", "folder", "--force")[0] == 0
    assert json.loads((place / "b.jsonl").read_text()) == {"id": "a", "text": TEXT, "mentions": []}
    assert stat.S_IMODE((place / "b.jsonl").stat().st_mode) & 0o444 == 0o444


class Silent:
    """A tagger that finds nothing."""

    def predict(self, documents: list[object]) -> list[list[object]]:
        """Nothing, in each."""
        return [[] for _ in documents]


def test_a_folder_without_a_model(place: Path, chemxl: Ran) -> None:
    before = snapshot(place)
    for line in ("evaluate folder mini", "evaluate none mini", "export folder out", "export none out"):
        status, out, err = chemxl(*line.split())
        assert (status, out) == (1, "") and err.count("\n") == 1 and "holds no tagger" in err, err
    assert snapshot(place) == before


def test_a_corpus_with_faults_is_shown_whole_and_is_status_1(place: Path, chemxl: Ran) -> None:
    (place / "mine/a.txt").write_text(TEXT)
    (place / "mine/notes.tsv").write_text("a\tb\n")
    status, out, err = chemxl("corpora", "check", "mine")
    assert (status, out.splitlines()[1]) == (0, "mine\ttrain\ten\t1\t\t1\t0\tDRUG 1")
    assert "brat, 2 files" in err and "mine/notes.tsv: not read, since it is no brat" in err
    (place / "mine/a.ann").write_text(f"{HAND}T2\tCHEM 0 99\tx\n")
    status, out, err = chemxl("corpora", "check", "mine")
    assert status == 1 and "DRUG 1" in out and "mine/a.ann:3: T2 ends at 99, the text at 16; mention left out" in err
    assert err.splitlines()[-1].startswith("Error: 1 faults in mine")


def test_a_link_to_a_folder_of_a_corpus_is_said(place: Path, chemxl: Ran) -> None:
    (place / "corpus/train").mkdir(parents=True)
    (place / "corpus/train/a.txt").write_text("Aspirin")
    (place / "corpus/train/a.ann").write_text("T1\tCHEM 0 7\tAspirin\n")
    (place / "corpus/test").symlink_to(place / "mine")
    status, out, err = chemxl("corpora", "check", "corpus")
    assert status == 0 and "\ttrain\ten\t1\t" in out and "corpus/test: not read, since it is a link to a folder" in err
    (place / "corpus/train/b.ann").symlink_to("none")  # as of git-annex
    assert (
        "corpus/train/b.ann: not read, since it is a link to what is not here"
        in chemxl("corpora", "check", "corpus")[2]
    )


def test_standard_input_that_is_closed(place: Path, chemxl: Ran, monkeypatch: pytest.MonkeyPatch) -> None:
    status, out, err = separate("tag", shell="{} <&-")
    assert (status, out) == (1, "") and err.count("\n") == 1 and "name a file" in err
    monkeypatch.setattr(sys, "stdin", None)  # with a file it does not matter
    status, out, err = chemxl("tag", "a.txt", "--model", "folder")
    assert status == 1 and "holds no tagger" in err


def test_standard_output_that_is_closed(place: Path, untagged: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", None)
    with pytest.raises(ChemxlError, match="standard output is closed: name a place with --out"):
        stream.run(stream.Request(["a.txt"]), outputs.FORMATS, lambda: pytest.fail("found after the work"))


def test_output_that_cannot_be_written(place: Path) -> None:
    status, _, err = separate("corpora", "list", shell="{} > /dev/full")
    assert status == 1 and err.count("\n") == 1 and "No space left" in err
    assert "Traceback" not in separate("corpora", "list", shell="{} | head -1")[2]


def test_a_table_in_a_pipe_is_tab_separated_and_whole(place: Path, chemxl: Ran) -> None:
    status, out, _ = chemxl("corpora", "list")
    rows = [line.split("\t") for line in out.splitlines()]
    assert status == 0 and rows[0] == ["name", "languages", "domain", "licence", "here", "what it is"]
    assert [row[0] for row in rows[1:]] == list(corpora.catalog())
    assert [row[-1] for row in rows[1:]] == [entry.title for entry in corpora.catalog().values()]
    status, out, _ = chemxl("corpora", "statistics", "mini")
    head, *lines = (line.split("\t") for line in out.splitlines())
    assert status == 0 and head[3:] == ["documents", "pairs", "mentions", "relations", "by type"]
    assert lines and all(len(line) == len(head) and int(line[3]) > 0 for line in lines)


def test_a_cell_is_one_cell_whatever_a_type_is_called(place: Path, chemxl: Ran) -> None:
    types = ["a\tb\nc", "\x1b[2J", "лек. форма"]
    (place / "a.jsonl").write_text(json.dumps({"text": TEXT, "mentions": [[0, 7, type] for type in types]}) + "\n")
    status, out, _ = chemxl("corpora", "check", "a.jsonl")
    head, row = (line.split("\t") for line in out.splitlines())
    assert status == 0 and len(head) == len(row) and row[-1] == "a\\tb\\nc 1, \\x1b[2J 1, лек. форма 1"


def test_a_table_on_a_narrow_terminal_is_folded_not_cut(place: Path) -> None:
    reader, writer = pty.openpty()
    command = [sys.executable, "-m", "chemxl.cli", "corpora", "list"]
    environment = {**os.environ, "PYTHONPATH": str(Path(cli.__file__).parents[1]), "COLUMNS": "80", "TERM": "xterm"}
    with subprocess.Popen(command, stdout=writer, env=environment) as process:
        os.close(writer)
        shown = b""
        try:
            while piece := os.read(reader, 65536):
                shown += piece
        except OSError:  # the other end is closed
            pass
    os.close(reader)
    assert process.returncode == 0 and "┃" in shown.decode() and "…" not in shown.decode()


def test_names_on_a_terminal_are_no_markup(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(console, "on_terminal", lambda: True)
    cells = ["data[v2]", "[/x] :pill: [red]"]
    console.table(("a", "b"), [cells])
    shown = capsys.readouterr().out
    assert all(cell in shown for cell in cells)


def test_a_terminal_that_is_not_in_utf_8(place: Path) -> None:
    (place / "mine" / "a.txt").write_text("Аспирин")
    (place / "mine" / "a.ann").write_text("T1\tПрепарат 0 7\tАспирин\n")
    status, out, err = separate("corpora check mine", shell="PYTHONIOENCODING=latin-1 {}")
    assert status == 0 and "\\u041f\\u0440" in out and "Traceback" not in err


def test_what_was_not_compared_is_said(place: Path, chemxl: Ran) -> None:
    status, out, err = chemxl("corpora", "verify", "mini")
    parts = {(part.split, part.language) for part in corpora.catalog()["mini"].parts}
    assert status == 0 and out.count("not compared") == len(out.splitlines()) == len(parts) and not err
    for command in ("verify", "statistics"):
        status, _, err = chemxl("corpora", command)
        assert status == 0 and "bc5cdr: not on this machine" in err
