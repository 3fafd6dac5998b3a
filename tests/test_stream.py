"""From texts to results: every way in gives every way out the same, and what was killed goes on to the same end."""

from __future__ import annotations

import fcntl
import gzip
import io
import json
import os
import pty
import re
import signal
import struct
import subprocess
import sys
import termios
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chemxl import cli, corpora, extract, outputs, stream
from chemxl.documents import Document, Mention, words
from chemxl.errors import ChemxlError
from chemxl.stream import Request, run

TEXTS = {"a": "Aspirin 😀 helped.\n", "b": "Ацетон и вода", "c": "Caffeine & <b>", "d": "nothing here"}
RUN = """
import os, re, signal, sys
from chemxl import outputs, stream
from chemxl.documents import Mention
from dataclasses import replace

def find(documents, left=[int(os.environ.get("LEFT", 10**6))]):
    found = []
    for d in documents:
        left[0] -= 1
        if left[0] < 0:
            os.kill(os.getpid(), int(os.environ["SIGNAL"]))
        spans = [m.span() for m in re.finditer(r"[A-ZА-Я]\\w+", d.text)]
        found.append(replace(d, mentions=tuple(Mention.of("CHEM", *span, score=1 / len(documents)) for span in spans)))
    return found

format, out, skip_done, *names = sys.argv[1:]
request = stream.Request(names, format=format, out=stream.Path(out), skip_done=bool(int(skip_done)))
sys.exit(stream.run(request, outputs.FORMATS, lambda: find))
"""


def find(documents: Sequence[Document]) -> list[Document]:
    """Words that begin with a capital; a score shows how many texts were read together."""
    spans = [[span for span in words(d.text) if d.text[span[0]].isupper()] for d in documents]
    made = [tuple(Mention.of("CHEM", *span, score=1 / len(documents)) for span in own) for own in spans]
    return [Document(d.id, d.text, found, language=d.language) for d, found in zip(documents, made, strict=True)]


def put(folder: Path, texts: dict[str, str] = TEXTS) -> Path:
    folder.mkdir(exist_ok=True)
    for id, text in texts.items():
        (folder / f"{id}.txt").write_bytes(text.encode())
    return folder


def packed(folder: Path) -> Path:
    folder.mkdir()
    for id, text in TEXTS.items():
        (folder / f"{id}.txt.gz").write_bytes(gzip.compress(text.encode()))
    return folder


def as_rows(path: Path) -> Path:
    path.write_text("".join(json.dumps({"id": id, "text": text}) + "\n" for id, text in TEXTS.items()))
    return path


def as_table(path: Path) -> Path:
    """Of what fits into a line."""
    path.write_text("".join(f"{id}\t{text.strip()}\n" for id, text in {"id": "text", **TEXTS}.items()))
    return path


def in_part(tmp: Path) -> list[str]:
    """A file, and the rest as JSON lines."""
    rows = as_rows(tmp / "in.jsonl")
    rows.write_text("".join(rows.read_text().splitlines(keepends=True)[1:]))
    return [str(put(tmp / "in", {"a": TEXTS["a"]})), str(rows)]


INPUTS: dict[str, Callable[[Path], list[str]]] = {
    "files": lambda tmp: [str(put(tmp / "in") / f"{id}.txt") for id in TEXTS],
    "folder": lambda tmp: [str(put(tmp / "in"))],
    "glob": lambda tmp: [str(put(tmp / "in") / "*.txt")],
    "gzip": lambda tmp: [str(packed(tmp / "in"))],
    "json lines": lambda tmp: [str(as_rows(tmp / "in.jsonl"))],
    "table": lambda tmp: [str(as_table(tmp / "in.tsv"))],
    "mixed": in_part,
}


@pytest.mark.parametrize("given", INPUTS)
@pytest.mark.parametrize("format", outputs.FORMATS)
def test_every_input_gives_every_format_the_same(
    tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes], given: str, format: str
) -> None:
    names, out = INPUTS[given](tmp_path), tmp_path / "out"
    texts = {id: text.strip() if given == "table" else text for id, text in TEXTS.items()}
    due = {id: [m.span for m in find([Document(id, text)])[0].mentions] for id, text in texts.items()}
    assert found(Request(names, format=format, out=out)) == 0
    if format == "brat":
        back = corpora.brat.read(sorted(out.iterdir()), corpora.Log(strict=True))
        assert {d.id: d.text for d in back} == texts
        assert {d.id: [m.span for m in d.mentions] for d in back} == due
        return
    assert found(Request(names, format=format)) == 0
    printed, said = capfdbinary.readouterr()
    assert printed == out.read_bytes() and not said and not list(tmp_path.glob("*.part"))
    if format == "jsonl":
        rows = [json.loads(line) for line in printed.splitlines()]
        assert [(row["id"], row["text"]) for row in rows] == list(texts.items()), "in their order"
        assert {row["id"]: [(m["start"], m["end"]) for m in row["mentions"]] for row in rows} == due
    else:
        assert printed.startswith(b"<!DOCTYPE html>") and printed.endswith(b"</html>\n")
        assert printed.count(b"<figure") == len(texts) and b"<b>" not in printed


def found(request: Request, load: Callable[[], stream.Find] = lambda: find) -> int:
    """The exit status of a request."""
    return run(request, outputs.FORMATS, load)


def many(path: Path, count: int) -> Path:
    path.write_text("".join(json.dumps({"id": i, "text": f"Text {i} of Many"}) + "\n" for i in range(count)))
    return path


def killed(place: Path, format: str, out: Path, names: Sequence[str], *, left: int, by: int, skip: bool) -> int:
    environment = {**os.environ, "PYTHONPATH": str(Path(cli.__file__).parents[1]), "LEFT": str(left), "SIGNAL": str(by)}
    command = [sys.executable, "-c", RUN, format, str(out), str(int(skip)), *names]
    return subprocess.run(command, cwd=place, env=environment, capture_output=True, check=False).returncode


@pytest.mark.parametrize("format", ["brat", "jsonl"])
def test_killed_and_started_again_it_ends_in_the_same(tmp_path: Path, format: str) -> None:
    names, whole, broken = [str(many(tmp_path / "in.jsonl", 150))], tmp_path / "whole", tmp_path / "broken"
    assert killed(tmp_path, format, whole, names, left=10**6, by=signal.SIGKILL, skip=False) == 0
    for left in (0, 20, 40, 60):
        assert killed(tmp_path, format, broken, names, left=left, by=signal.SIGKILL, skip=left > 0) == -signal.SIGKILL
    part = tmp_path / "broken.part"
    if format == "jsonl":
        assert part.exists() and not broken.exists()
        with part.open("ab") as file:
            file.write(b'{"id": "half')
        with pytest.raises(ChemxlError, match=r"broken\.part is there, of a run.*--skip-done"):
            found(Request(names, format=format, out=broken))
    assert killed(tmp_path, format, broken, names, left=10**6, by=signal.SIGKILL, skip=True) == 0
    assert content(broken) == content(whole) and not part.exists()
    assert killed(tmp_path, format, broken, names, left=0, by=signal.SIGKILL, skip=True) == 0, "nothing is left to do"
    assert content(broken) == content(whole)


def content(path: Path) -> dict[str, bytes]:
    paths = sorted(path.rglob("*")) if path.is_dir() else [path]
    return {one.relative_to(path).as_posix(): one.read_bytes() for one in paths if one.is_file()}


@pytest.mark.parametrize("format", ["brat", "jsonl", "html"])
def test_ctrl_c_leaves_what_is_finished(tmp_path: Path, format: str) -> None:
    names, out = [str(many(tmp_path / "in.jsonl", 150))], tmp_path / "out"
    assert killed(tmp_path, format, out, names, left=40, by=signal.SIGINT, skip=False) == stream.STOPPED
    assert not list(tmp_path.glob("*.part"))
    if format == "html":
        page = out.read_text("utf-8")
        assert page.endswith("</html>\n") and page.count("<figure") == 31  # groups of 1, 2, 4, 8, 16
        return
    if format == "jsonl":
        assert [json.loads(line)["id"] for line in out.read_text().splitlines()] == list(map(str, range(31)))
    assert killed(tmp_path, format, out, names, left=10**6, by=signal.SIGINT, skip=True) == 0
    whole = tmp_path / "whole"
    assert killed(tmp_path, format, whole, names, left=10**6, by=signal.SIGINT, skip=False) == 0
    assert content(out) == content(whole)


def test_going_on_refuses_what_is_no_result_of_these_texts(tmp_path: Path) -> None:
    names, out = [str(many(tmp_path / "in.jsonl", 5))], tmp_path / "out.jsonl"
    assert found(Request(names, format="jsonl", out=out)) == 0
    before = out.read_bytes()
    for bad in ('{"id": "0", "text": "other"}\n', "a person's\n", "[]\n"):
        out.write_text(bad)
        with pytest.raises(ChemxlError, match=r"out\.jsonl:1: not the result of 0, which was due there"):
            found(Request(names, format="jsonl", out=out, skip_done=True))
        assert out.read_text() == bad and not (tmp_path / "out.jsonl.part").exists()
    assert found(Request(names, format="jsonl", out=out, force=True)) == 0
    assert out.read_bytes() == before
    for request in (Request(names, format="html", out=out, skip_done=True), Request(names, skip_done=True)):
        with pytest.raises(ChemxlError, match="--skip-done goes on with"):
            found(request)


def test_new_texts_are_added_to_a_folder_that_is_done(tmp_path: Path) -> None:
    source, out = put(tmp_path / "in", {"b": TEXTS["b"]}), tmp_path / "out"
    assert found(Request([str(source)], format="brat", out=out)) == 0
    (out / "b.ann").write_text("T1\tDRUG 0 6\tАцетон\n")
    put(source)
    with pytest.raises(ChemxlError, match=r"b\.ann is there already, perhaps a person's work.*--skip-done"):
        found(Request([str(source)], format="brat", out=out), lambda: pytest.fail("found after the work"))
    assert not (out / "a.ann").exists()
    assert found(Request([str(source)], format="brat", out=out, skip_done=True)) == 0
    assert {path.stem for path in out.glob("*.ann")} == TEXTS.keys()
    assert (out / "b.ann").read_text().startswith("T1\tDRUG")
    (out / "c.txt").write_text("of a person")
    with pytest.raises(ChemxlError, match=r"c\.txt is there already and holds another text"):
        found(Request([str(source)], format="brat", out=out, skip_done=True))


@pytest.mark.parametrize("format", ["brat", "jsonl"])
def test_results_among_the_texts_are_no_texts(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], format: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = put(tmp_path / "in")
    out = source / ("tagged" if format == "brat" else "found.jsonl")
    for name in (str(source), str(source / "**" / "*")):
        assert found(Request([name], format=format, out=out, skip_done=True)) == 0
        before = content(out)
        assert found(Request([name], format=format, out=out, skip_done=True)) == 0
        assert content(out) == before
        err = capfd.readouterr().err
        assert (
            f"of results in {out} are not read" in err and f"4 texts were done in {out}: they are as they were" in err
        )
    monkeypatch.chdir(source)
    if format == "jsonl":
        with pytest.raises(ChemxlError, match=r"found\.jsonl would be written over: name another place"):
            found(Request(["./found.jsonl"], format=format, out=Path("found.jsonl"), force=True))
        assert content(out) == before
    else:  # where texts and results stand side by side
        assert found(Request(["tagged"], format=format, out=Path("tagged"), skip_done=True)) == 0
        assert found(Request(["a.txt"], format=format, out=Path())) == 0 and (source / "a.ann").exists()


def test_standard_output_by_its_sign(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(put(tmp_path / "in"))
    for name in ("-", "/dev/stdout"):
        assert found(Request(["a.txt"], format="jsonl", out=Path(name))) == 0
        assert json.loads(capfd.readouterr().out)["id"] == "a"
    assert {path.name for path in Path().iterdir()} == {f"{id}.txt" for id in TEXTS}


def test_another_command_does_not_go_on(tmp_path: Path) -> None:
    names, out = [str(put(tmp_path / "in", {"a": TEXTS["a"]}))], tmp_path / "out.jsonl"
    assert found(Request(names, format="jsonl", out=out)) == 0
    before = out.read_bytes()
    with pytest.raises(ChemxlError, match=r"out\.jsonl:1: not the result of a.*to the same command"):
        run(Request(names, format="jsonl", out=out, skip_done=True), extract.FORMATS, lambda: find)
    assert out.read_bytes() == before


def test_a_folder_where_a_file_is_due(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    source, out = put(tmp_path / "in"), tmp_path / "out"
    (out / "b.txt").mkdir(parents=True)
    (out / "c.ann").mkdir()
    for force in (False, True):
        assert found(Request([str(source)], format="brat", out=out, force=force)) == 1
        assert {path.name for path in out.glob("*.ann") if path.is_file()} == {"a.ann", "d.ann"}
        err = capfd.readouterr().err
        assert err.count("Error: ") == 2 and f"{out}/b.txt is a folder: rename the text" in err


def test_types_are_one_word_in_brat(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    def named(documents: Sequence[Document]) -> list[Document]:
        return [Document(d.id, d.text, (Mention.of("Drug  name", 0, 7, score=1),)) for d in documents]

    source, out = put(tmp_path / "in", {"a": TEXTS["a"]}), tmp_path / "out"
    assert found(Request([str(source)], format="brat", out=out), lambda: named) == 0
    assert (out / "a.ann").read_text() == "T1\tDrug_name 0 7\tAspirin\n"
    capfd.readouterr()
    assert found(Request([str(source)], format="brat"), lambda: named) == 0
    assert capfd.readouterr().out == "T1\tDrug_name 0 7\tAspirin\n"


def test_a_bad_text_in_the_middle(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    source = put(tmp_path / "in")
    (source / "bb.txt").write_bytes("плохо".encode("cp1251"))
    assert found(Request([str(source)], format="jsonl")) == 1
    out, err = capfd.readouterr()
    assert [json.loads(line)["id"] for line in out.splitlines()] == list(TEXTS)
    assert err.count("\n") == 1 and err.startswith(f"Error: {source}/bb.txt:1: not UTF-8")


def test_ids_that_no_file_can_have(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    ids = ["ok", "../up", "/etc/x", "a/../b", "ok", "n" * 300, "a\x00b", "deep/er", "ok.txt/y"]
    (tmp_path / "in.jsonl").write_text("".join(json.dumps({"id": id, "text": "Text"}) + "\n" for id in ids))
    out = tmp_path / "out"
    assert found(Request([str(tmp_path / "in.jsonl")], format="brat", out=out)) == 1
    assert sorted(path.relative_to(out).as_posix() for path in out.rglob("*.ann")) == ["deep/er.ann", "ok.ann"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in.jsonl", "out"]
    assert capfd.readouterr().err.count("Error: ") == 7
    assert found(Request([str(tmp_path / "in.jsonl")], format="brat", out=out, force=True)) == 1


def test_nothing_is_written_where_there_is_nothing(tmp_path: Path) -> None:
    for format in ("jsonl", "html", "brat"):
        out = tmp_path / f"out.{format}"
        request = Request([str(tmp_path / "none.txt")], format=format, out=out)
        assert found(request, lambda: pytest.fail("no text")) == 1
        assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("out", [None, "out.jsonl"])
def test_texts_that_are_none_are_said(tmp_path: Path, capfd: pytest.CaptureFixture[str], out: str | None) -> None:
    (tmp_path / "in.jsonl").touch()
    place = tmp_path / out if out else None
    assert found(Request([str(tmp_path / "in.jsonl")], format="jsonl", out=place)) == 0
    assert capfd.readouterr() == ("", "no text is in what was given: nothing is written\n")
    assert [path.name for path in tmp_path.iterdir()] == ["in.jsonl"]


def test_results_come_before_the_last_text_is_read(tmp_path: Path) -> None:
    def endless() -> Iterator[Document]:
        for i in range(10**9):
            yield Document(str(i), "x" * (i % 7))

    def texts(documents: Sequence[Document]) -> Sequence[Document]:
        sizes.append(len(documents))
        return documents

    sizes: list[int] = []
    request = Request()
    made = stream.results(request, endless(), lambda document: True, lambda: texts)
    assert [next(made).id for _ in range(200)] == [str(i) for i in range(200)]
    assert sizes == [1, 2, 4, 8, 16, 32, 64, 64, 64] and max(sizes) == stream.AHEAD


@given(st.lists(st.integers(0, stream.AHEAD_CHARACTERS * 2), max_size=30))
def test_texts_are_held_within_bounds(lengths: Sequence[int]) -> None:
    texts = [Document(str(i), "x" * length) for i, length in enumerate(lengths)]
    groups = list(stream.together(texts))
    assert [text for group in groups for text in group] == texts
    for group in groups:
        assert group and (len(group) == 1 or sum(len(text.text) for text in group) <= stream.AHEAD_CHARACTERS)


def test_mended_texts_have_the_offsets_of_those_that_came(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    text = "Аце\u00adтил-\nсалициловая и Ca\u0301feine, eﬃcacy, СOX-2"
    (tmp_path / "a.txt").write_text(text)
    seen = []

    def clean(documents: Sequence[Document]) -> list[Document]:
        seen.extend(d.text for d in documents)
        return find(documents)

    assert found(Request([str(tmp_path / "a.txt")], format="jsonl", clean=True), lambda: clean) == 0
    assert seen == ["Ацетилсалициловая и Cáfeine, efficacy, COX-2"]
    row = json.loads(capfd.readouterr().out)
    assert row["text"] == text and all(text[m["start"] : m["end"]] == m["text"] for m in row["mentions"])
    assert [m["text"] for m in row["mentions"]] == ["Аце\u00adтил-\nсалициловая", "Ca\u0301feine", "СOX"]
    out = tmp_path / "out"
    assert found(Request([str(tmp_path / "a.txt")], format="brat", out=out, clean=True)) == 0
    (read,) = corpora.brat.read(sorted(out.iterdir()), corpora.Log(strict=True))
    assert read.text == text and [read.surface(m) for m in read.mentions] == [m["text"] for m in row["mentions"]]


def test_what_is_less_sure_is_left_out(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    source = put(tmp_path / "in", {"a": "One", "b": "Two", "c": "Three"})  # read in groups of 1 and 2
    for least, sure in ((0.0, 3), (0.5, 3), (0.6, 1), (1.0, 1)):
        assert found(Request([str(source)], format="jsonl", least=least)) == 0
        rows = [json.loads(line) for line in capfd.readouterr().out.splitlines()]
        assert len(rows) == 3 and sum(len(row["mentions"]) for row in rows) == sure


def test_a_person_sees_how_far_it_is(tmp_path: Path) -> None:
    """And a bad text between, in a line of its own."""
    source = put(tmp_path / "in")
    (source / "bb.txt").write_bytes(b"\xff")
    reader, writer = pty.openpty()
    fcntl.ioctl(writer, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    environment = {**os.environ, "PYTHONPATH": str(Path(cli.__file__).parents[1])}
    command = [sys.executable, "-c", RUN, "jsonl", str(tmp_path / "out"), "0", str(source)]
    with subprocess.Popen(command, stderr=writer, env=environment) as process:
        os.close(writer)
        shown = b""
        with suppress(OSError):  # the other end is closed
            while piece := os.read(reader, 65536):
                shown += piece
    os.close(reader)
    lines = [line.strip() for line in re.split(r"[\r\n]+", shown.decode())]
    assert process.returncode == 1 and any("/5 " in line for line in lines)
    assert sum(line.startswith("Error: ") and line.endswith("character set)") for line in lines) == 1


def test_a_pipe_or_device_is_written_to(tmp_path: Path) -> None:
    source = put(tmp_path / "in")
    assert found(Request([str(source)], format="jsonl", out=Path("/dev/null"))) == 0
    assert not Path("/dev/null.part").exists()


def test_standard_input_by_lines(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO("One\n\nДва\n".encode())))
    assert found(Request(kind="lines", format="jsonl")) == 0
    rows = [json.loads(line) for line in capfd.readouterr().out.splitlines()]
    assert [(row["id"], row["text"]) for row in rows] == [("stdin-1", "One"), ("stdin-3", "Два")]
