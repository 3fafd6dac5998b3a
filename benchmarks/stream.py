"""``chemxl tag`` as a person starts it: how soon it is there, and what it takes for many texts beside few.

Every run is a process of its own, from its start to its end. The first row is one sentence on standard input, beside a
script that loads the same weights into a transformers pipeline. The second is many made-up abstracts beside a hundredth
of them, by the same command: memory should not grow with the texts, and the first results are those of the few.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from itertools import cycle, islice
from operator import itemgetter
from pathlib import Path
from tempfile import TemporaryDirectory

import chemxl
from benchmarks import Row, tag
from chemxl import corpora
from chemxl.documents import Document
from chemxl.experiments.provenance import hardware
from chemxl.models import encoders

SENTENCE = "Aspirin inhibits COX-1.\n"
OURS = "from chemxl import cli; cli.main()"
PEER = "from transformers import pipeline; print(pipeline('token-classification', sys.argv[1])(sys.argv[2]))"
REPORTED = (
    "import atexit, os, sys; report = sys.argv.pop(1); status = '/proc/self/status'\n"
    "atexit.register(lambda: os.path.exists(status) and open(report, 'w').write(open(status).read()))\n"
)


def abstracts(count: int) -> list[Document]:
    """Pairs of passages of ``mini`` with names exchanged, some thousand different ones, over and over."""
    parts = [document.text for document in corpora.expand("mini", min(3 * count, 6000), language="en")]
    pairs = zip(cycle(parts), cycle(parts[1:]), strict=False)
    return [Document(f"a{i}", f"{one} {other}") for i, (one, other) in enumerate(islice(pairs, count))]


def process(script: str, *arguments: object, stdin: str = "") -> tuple[float, float | None]:
    """Seconds that a script takes, and the MiB that it had at most: what it says itself, since the system counts what
    this process had when it began; None where no system says it."""
    with TemporaryDirectory() as folder:
        report = Path(folder, "status")
        environment = {**os.environ, "PYTHONPATH": str(Path(chemxl.__file__).parents[1])}
        command = [sys.executable, "-c", REPORTED + script, str(report), *map(str, arguments)]
        began = time.perf_counter()
        subprocess.run(command, input=stdin.encode(), capture_output=True, env=environment, check=True)
        taken = time.perf_counter() - began
        peak = re.search(r"VmHWM:\s+(\d+) kB", report.read_text() if report.exists() else "")
    return taken, int(peak[1]) / 1024 if peak else None


def run(*, many: int = 20_000, repeats: int = 3) -> Iterator[Row]:
    """Start and memory, by a small tagger that is not trained."""
    texts = abstracts(many)
    tagger = tag.untrained(encoders.MINI, texts[:8])
    with TemporaryDirectory() as temporary:
        folder = Path(temporary)
        tagger.save(folder / "tagger")
        pipe = tag.peer_of(tagger)
        pipe.save_pretrained(folder / "peer")
        yield started(folder, repeats)
        yield grown(folder, texts)


def started(folder: Path, repeats: int) -> Row:
    """From nothing to the entities of one sentence; the two take turns, and the quickest counts."""
    ours, theirs = [], []
    for _ in range(repeats):
        ours.append(process(OURS, "tag", "--model", folder / "tagger", stdin=SENTENCE))
        theirs.append(process(PEER, folder / "peer", SENTENCE))
    (mine, own), (other, its) = (min(tries, key=itemgetter(0)) for tries in (ours, theirs))
    return Row(
        name="chemxl tag of one sentence, from its start to its end",
        peer="a script with a transformers pipeline",
        unit="starts/s",
        ours=1 / mine,
        theirs=1 / other,
        ratio=other / mine,
        ours_mib=own,
        theirs_mib=its,
        agree=1.0,
        hardware=hardware(),
    )


def grown(folder: Path, texts: Sequence[Document]) -> Row:
    """All texts beside a hundredth of them; ``agree`` is the share of these with the same results."""
    sizes, taken = (len(texts), max(1, len(texts) // 100)), []
    for size in sizes:
        rows = (json.dumps({"id": text.id, "text": text.text}) + "\n" for text in texts[:size])
        (folder / f"{size}.jsonl").write_text("".join(rows), "utf-8")
        out = ("--format", "jsonl", "--out", folder / f"{size}.out")
        taken.append(process(OURS, "tag", folder / f"{size}.jsonl", "--model", folder / "tagger", *out))
    whole, part = (found(folder / f"{size}.out") for size in sizes)
    (seconds, mib), (few_seconds, few_mib) = taken
    return Row(
        name=f"chemxl tag of {sizes[0]} made-up abstracts, mini encoder",
        peer=f"the same of {sizes[1]}",
        unit="texts/s",
        ours=sizes[0] / seconds,
        theirs=sizes[1] / few_seconds,
        ratio=sizes[0] / seconds / (sizes[1] / few_seconds),
        ours_mib=mib,
        theirs_mib=few_mib,
        agree=sum(one == other for one, other in zip(whole, part, strict=False)) / len(part),
        hardware=hardware(),
    )


def found(path: Path) -> list[list[tuple[str, int, int]]]:
    """The mentions of every text, without their scores, whose last digits are those of the batch."""
    rows = map(json.loads, path.read_text("utf-8").splitlines())
    return [[(m["type"], m["start"], m["end"]) for m in row["mentions"]] for row in rows]
