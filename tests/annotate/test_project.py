"""A round goes out and comes back: unchanged, changed, malformed, and after the writer was killed."""

from __future__ import annotations

import os
import random
import re
import signal
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from chemxl.annotate import project
from chemxl.annotate.changes import Change, compared
from chemxl.annotate.rounds import Project
from chemxl.corpora import brat
from chemxl.documents import Document, Mention
from chemxl.errors import ChemxlError

TYPES = ("CHEM", "DISEASE")
TEXTS = (
    "Аспирин 😀 ингибирует ЦОГ-1.\nAspirin inhibits COX-1.",
    "No name at all.",
    "Caffeine, caffeine and 2-(acetyloxy)benzoic acid against migraine.\r\n",
)
FOUND = (((0, 7), (28, 35)), (), ((0, 8), (10, 18), (23, 48)))
DOCUMENTS = [
    Document(f"d/{i}", text, tuple(Mention.of("CHEM", *span, score=0.5) for span in spans), language="en", domain="x")
    for i, (text, spans) in enumerate(zip(TEXTS, FOUND, strict=True))
]
ANN = "T1\tCHEM 0 7\tАспирин\nT2\tCHEM 28 35\tAspirin\n"


@pytest.fixture
def rounds(tmp_path: Path) -> Project:
    made = Project(tmp_path / "project")
    made.give_out(DOCUMENTS, types=TYPES, about={"strategy": "entropy", "seed": 0})
    return made


def contents(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_round_is_a_brat_folder(rounds: Project) -> None:
    files = contents(rounds.round(1))
    wanted = {f"000{i}.{ending}" for i in (1, 2, 3) for ending in ("txt", "ann")}
    assert files.keys() == wanted | {"annotation.conf", "visual.conf", project.MANIFEST}
    assert files["0001.txt"].decode() == TEXTS[0] and files["0003.txt"].decode() == TEXTS[2]
    assert files["0001.ann"].decode() == ANN and files["0002.ann"] == b""
    sections = re.split(r"^\[(\w+)\]$", files["annotation.conf"].decode(), flags=re.MULTILINE)[1:]
    assert sections[::2] == ["entities", "relations", "events", "attributes"]
    assert sections[1].split() == list(TYPES)


def test_unchanged_it_comes_back_byte_for_byte(rounds: Project, tmp_path: Path) -> None:
    before = contents(rounds.round(1))
    taken = rounds.take_back()
    assert not taken.returned.changes and not taken.returned.faults
    kept = rounds.annotated()
    assert kept == DOCUMENTS or [d.id for d in kept] == ["d/0", "d/1", "d/2"]
    assert [d.text for d in kept] == list(TEXTS)
    assert [[m.span for m in d.mentions] for d in kept] == [list(spans) for spans in FOUND]
    assert {(d.language, d.domain) for d in kept} == {("en", "x")}
    project.write(tmp_path / "again", kept, number=1, types=TYPES, about={"strategy": "entropy", "seed": 0})
    assert contents(tmp_path / "again") == before == contents(rounds.round(1))
    for name, data in before.items():
        if name.endswith(".ann"):
            assert brat.serialise(brat.parse(data)) == data


def test_every_change_is_said(rounds: Project) -> None:
    (rounds.round(1) / "0003.ann").write_text(
        "T9\tDISEASE 0 8\tCaffeine\nT3\tCHEM 25 48\t(acetyloxy)benzoic acid\n"
        "T4\tDISEASE 57 65\tmigraine\n#1\tAnnotatorNotes T4\tsure\n",
        "utf-8",
    )
    taken = rounds.take_back()
    said = {(c.kind, c.before and c.before.span, c.after and c.after.span) for c in taken.returned.changes}
    assert said == {
        ("retyped", (0, 8), (0, 8)),
        ("removed", (10, 18), None),
        ("moved", (23, 48), (25, 48)),
        ("added", None, (57, 65)),
    }
    retyped = next(c for c in taken.returned.changes if c.kind == "retyped")
    assert retyped.in_words(TEXTS[2]) == "d/2: retyped CHEM 0-8 'Caffeine' → DISEASE 0-8 'Caffeine'"
    assert rounds.annotated()[2].mentions[2] == Mention.of("DISEASE", 57, 65, id="T4")


def applied(before: Document, changes: list[Change]) -> Counter[tuple[str, Any]]:
    held = Counter((m.type, m.fragments) for m in before.mentions)
    held.subtract(Counter((c.before.type, c.before.fragments) for c in changes if c.before))
    held.update(Counter((c.after.type, c.after.fragments) for c in changes if c.after))
    return +held


def test_changes_lead_from_the_one_to_the_other() -> None:
    rng = random.Random(0)

    def drawn() -> Document:
        spans = {tuple(sorted(rng.sample(range(12), 2))) for _ in range(rng.randint(0, 5))}
        return Document("d", "a" * 12, tuple(Mention.of(rng.choice(TYPES), *span) for span in sorted(spans)))

    for _ in range(200):
        before, after = drawn(), drawn()
        changes = compared(before, after)
        assert applied(before, changes) == Counter((m.type, m.fragments) for m in after.mentions)
        assert not [c for c in changes if c.before and c.after and c.before == c.after]


FAULTS = {
    "T1\tCHEM 0 7\tАспирин\nT2\tGENE 28 35\tAspirin\n": "0001.ann:2: T2 is of type GENE; this round has CHEM, DISEASE",
    "T1\tCHEM 0 7\tAspirin\n": "0001.ann:1: T1 is recorded as 'Aspirin'",
    "T1\tCHEM 0 700\tАспирин\n": "0001.ann:1: T1 ends at 700",
    "T1\tCHEM 0 7\tАспирин\nT1\tCHEM 28 35\tAspirin\n": "0001.ann:2: the id T1 stands twice",
    "T1\tCHEM 0 7\tАспирин\nT2\tCHEM 0 7\tАспирин\n": "0001.ann:2: T2 says what T1 says",
    "T1\tCHEM 0 8\tАспирин \n": "0001.ann:1: T1 begins or ends with a space",
    "T1\tCHEM 0 7\tАспирин\nR1\tX Arg1:T1 Arg2:T1\n": "0001.ann:2: .* is no mention",
    "#1\tAnnotatorNotes T4\tsure\n": "0001.ann:1: #1 is on T4",
    "T1\tCHEM 7 0\tАспирин\n": "0001.ann:1: .* do not ascend",
    "what\n": "0001.ann:1: 'what' is no mention",
}


@pytest.mark.parametrize("written", FAULTS)
def test_what_is_malformed_is_refused_with_file_and_line(rounds: Project, written: str) -> None:
    (rounds.round(1) / "0001.ann").write_text(written, "utf-8")
    before = contents(rounds.round(1))
    taken = rounds.take_back()
    assert [d.id for d in rounds.annotated()] == ["d/1", "d/2"]
    assert len(taken.returned.faults) == 1
    assert re.search(FAULTS[written], str(taken.returned.faults[0]))
    assert contents(rounds.round(1)) == before


def test_what_was_kept_is_never_written_over(rounds: Project) -> None:
    first = rounds.take_back()
    assert rounds.take_back().path == first.path  # nothing new
    ann = rounds.round(1) / "0001.ann"
    ann.write_text("T1\tCHEM 0 7\tАспирин\n", "utf-8")
    held = first.path.read_bytes()
    second = rounds.take_back()
    assert first.replaced == [] and second.replaced == ["0001"]
    assert second.path != first.path and first.path.read_bytes() == held
    ann.write_text("T1\tCHEM 0 7\tАспир", "utf-8")  # a person's editor was killed
    third = rounds.take_back()
    assert third.stale == ["0001"] and third.path == second.path
    assert len(rounds.annotated()[0].mentions) == 1  # of the second time
    first.path.unlink()
    ann.write_text("", "utf-8")
    assert rounds.take_back().path.name == "round-001.kept-003.json"


def test_nothing_is_given_out_twice_or_over_a_persons_work(rounds: Project) -> None:
    assert rounds.pool(DOCUMENTS) == []
    with pytest.raises(ChemxlError, match="given out already"):
        rounds.give_out(DOCUMENTS[:1], types=TYPES, about={})
    copy = Document("other", TEXTS[0])
    new = Document("new", "Ибупрофен.")
    assert rounds.pool([copy, new, new, Document("blank", " ")]) == [new]
    with pytest.raises(ChemxlError, match="d/0 is the name of another text in round 1"):
        rounds.pool([Document("d/0", "something else")])
    with pytest.raises(ChemxlError, match="person's work"):
        project.write(rounds.round(1), [new], number=1, types=TYPES, about={})
    assert rounds.give_out([new], types=TYPES, about={}).name == "round-002"
    with pytest.raises(ChemxlError, match="'a b' cannot be annotated"):
        rounds.give_out([Document("n", "x")], types=("a b",), about={})
    with pytest.raises(ChemxlError, match="no such round: there are 1, 2"):
        rounds.take_back(7)


def test_a_changed_manifest_is_no_manifest(rounds: Project) -> None:
    path = rounds.round(1) / project.MANIFEST
    whole = path.read_text("utf-8")
    for changed in (whole.replace("DISEASE", "GENE"), whole[:-20], "[]", "{}", "null", "[" * 100_000):
        path.write_text(changed, "utf-8")
        with pytest.raises(ChemxlError, match="restore it"):
            rounds.take_back()
    path.unlink()
    with pytest.raises(ChemxlError, match="holds no"):
        rounds.take_back()


Mutation = Callable[[bytes, random.Random], bytes]


def _cut(data: bytes, rng: random.Random) -> tuple[int, list[bytes]]:
    lines = data.splitlines(keepends=True) or [b""]
    return rng.randrange(len(lines)), lines


def _edited(data: bytes, rng: random.Random, edit: Callable[[bytes], bytes]) -> bytes:
    i, lines = _cut(data, rng)
    lines[i] = edit(lines[i])
    return b"".join(lines)


MUTATIONS: list[Mutation] = [
    lambda data, rng: data[: rng.randint(0, len(data))],
    lambda data, rng: data[: (i := rng.randint(0, len(data)))] + rng.randbytes(1) + data[i:],
    lambda data, rng: data[: (i := rng.randint(0, len(data)))] + data[i + 1 :],
    lambda data, rng: data[: (i := rng.randint(0, len(data)))] + rng.choice((b" ", b"\t", b"\n", b"9")) + data[i:],
    lambda data, rng: _edited(data, rng, lambda line: line * 2),
    lambda data, rng: _edited(data, rng, lambda line: b""),
    lambda data, rng: _edited(data, rng, lambda line: line.replace(b"CHEM", rng.choice((b"DISEASE", b"GENE", b"")))),
    lambda data, rng: _edited(data, rng, lambda line: re.sub(rb"\d+", lambda m: b"%d" % rng.randint(0, 60), line)),
    lambda data, rng: (
        data + rng.choice((b"\xef\xbb\xbf", b"E1\tBinding:T1\n", b"A1\tNegation T1\n", b"*\tEquiv T1 T2\n"))
    ),
    lambda data, rng: data + b"T7\tDISEASE 0 2\t" + rng.choice(("Ас", "No", "Ca", "xx")).encode() + b"\n",
    lambda data, rng: data.replace(b"\n", b"\r\n"),
    lambda data, rng: rng.randbytes(40),
]


def _mutated(folder: Path, rng: random.Random) -> None:
    name = f"000{rng.randint(1, 3)}"
    kind = rng.random()
    path = folder / f"{name}.{'ann' if kind < 0.8 else 'txt'}"
    if kind < 0.93:
        path.write_bytes(rng.choice(MUTATIONS)(path.read_bytes(), rng))
    elif kind < 0.96:
        path.unlink()
    else:
        (folder / f"{name}.{rng.choice(('ann', 'txt'))}").rename(folder / "0009.ann")


def _is_right(text: str, annotation: bytes, document: Document) -> bool:
    """Every line is a mention of a known type that is in the text, or empty; and nothing else was accepted."""
    found = []
    for line in re.split(r"\r?\n", annotation.decode("utf-8")):
        line = line.removeprefix("\ufeff")
        if line.strip():
            match = re.fullmatch(r"(T\S+)\t(CHEM|DISEASE) (\d+) (\d+)\t(.*)", line)
            if not match or not match[5].strip() or text[int(match[3]) : int(match[4])].split("\n") != [match[5]]:
                return False
            found.append((match[1], match[2], int(match[3]), int(match[4])))
    ids, spans = {f[0] for f in found}, {f[1:] for f in found}
    return len(ids) == len(spans) == len(found) and found == [(m.id, m.type, *m.span) for m in document.mentions]


def test_of_200_mutated_folders_nothing_wrong_is_accepted_and_nothing_lost(tmp_path: Path) -> None:
    rng = random.Random(11)
    refused = 0
    for k in range(200):
        folder = tmp_path / str(k)
        project.write(folder, DOCUMENTS, number=1, types=TYPES, about={})
        for _ in range(rng.randint(1, 3)):
            try:
                _mutated(folder, rng)
            except FileNotFoundError:  # what an earlier mutation took away
                continue
        before = contents(folder)
        back = project.read(folder)
        assert contents(folder) == before
        faulty = {fault.path.stem for fault in back.faults}
        for name, source in zip(("0001", "0002", "0003"), DOCUMENTS, strict=True):
            assert (name in back.documents) != (name in faulty), k
            if name in back.documents:
                document = back.documents[name]
                annotation = before[f"{name}.ann"]
                assert before[f"{name}.txt"].decode() == source.text == document.text
                assert back.annotations[name].encode() == annotation
                assert _is_right(source.text, annotation, document), k
                changes = [c for c in back.changes if c.document == document.id]
                assert applied(source, changes) == Counter((m.type, m.fragments) for m in document.mentions)
        refused += len(faulty)
    assert 100 < refused < 500


def _deadly(kill_at: int) -> Callable[[], int]:
    """Make the n-th step on disk kill, a write in its middle; returns how many there were."""
    steps = iter(range(1, 10_000))
    count = [0]
    for name in ("write_bytes", "write_text", "replace", "rename", "mkdir"):
        whole = getattr(Path, name)

        def step(self: Path, *args: Any, _whole: Any = whole, _name: str = name, **options: Any) -> Any:
            count[0] = next(steps)
            if count[0] == kill_at:
                if _name.startswith("write"):
                    _whole(self, args[0][: len(args[0]) // 2], *args[1:], **options)
                os.kill(os.getpid(), signal.SIGKILL)
            return _whole(self, *args, **options)

        setattr(Path, name, step)
    return lambda: count[0]


def _life(folder: Path, kill_at: int) -> int:
    """In a process of its own: a round out and back; how many steps it took, or -1 where it was killed."""
    read, write = os.pipe()
    pid = os.fork()
    if pid == 0:
        steps = _deadly(kill_at)
        made = Project(folder)
        if not made.rounds():
            made.give_out(DOCUMENTS, types=TYPES, about={})
        made.take_back()
        os.write(write, str(steps()).encode())
        os._exit(0)
    os.close(write)
    with os.fdopen(read) as pipe:
        said = pipe.read()
    return -1 if os.WIFSIGNALED(os.waitpid(pid, 0)[1]) else int(said)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_killed_at_twenty_points_the_state_is_whole(tmp_path: Path) -> None:
    whole = tmp_path / "whole"
    steps = _life(whole, 0)
    wanted = {name: data for name, data in contents(whole).items() if name != ".lock"}
    for kill_at in random.Random(2).sample(range(1, steps + 1), 20):
        folder = tmp_path / str(kill_at)
        assert _life(folder, kill_at) == -1
        made = Project(folder)
        for number in made.rounds():
            assert not project.read(made.round(number)).faults
        assert made.annotated() == [] or len(made.annotated()) == 3
        assert _life(folder, 0) > 0 or made.annotated()
        ended = {name: data for name, data in contents(folder).items() if name != ".lock" and "part" not in name}
        assert ended == wanted
