"""Fetchers that are really killed end with what an unbroken one fetches, and ask for nothing twice."""

from __future__ import annotations

import multiprocessing
import random
import signal
import time
from multiprocessing.context import ForkServerContext
from pathlib import Path

import pytest

from chemxl.collect.http import Manners
from chemxl.collect.oai import Repository
from chemxl.collect.pubmed import PubMed
from chemxl.collect.queries import Query
from chemxl.collect.store import Store, StoredSource
from chemxl.documents import Document
from tests.collect.servers import Archive, Eutils, Server, articles, serving

KILLS = 20
MANNERS = Manners(per_second=1e6, retries=0)


def source(kind: str, url: str, path: Path) -> PubMed | Repository:
    if kind == "pubmed":
        return PubMed(Store(path), url=url, batch=5, page=20, manners=MANNERS)
    return Repository(f"{url}/oai", Store(path), manners=MANNERS)


def live(kind: str, url: str, path: Path) -> list[Document]:
    """One life, to its end if nothing kills it."""
    made = source(kind, url, path)
    return list(made.fetch(made.search(Query())))


def landed(made: StoredSource, ids: list[str]) -> set[str]:
    """What is on disk, named as the server's log names it: records, and for PubMed hits of the search."""
    with made.store._open() as db:
        hits = {f"hit {row[0]}" for row in db.execute("SELECT id FROM found")}
    return {record.id for record in made.store.records(made.name, ids)} | hits


def killed(context: ForkServerContext, kind: str, server: Server, path: Path, rng: random.Random) -> bool:
    """One life that is killed after some requests; whether it was."""
    process = context.Process(target=live, args=(kind, server.url, path))
    asked = len(server.log)
    process.start()
    server.wait(asked + rng.randint(1, 3))
    time.sleep(rng.uniform(0, 0.006))  # anywhere between the answer and the end of its transaction
    process.kill()
    process.join()
    return process.exitcode == -signal.SIGKILL


@pytest.mark.parametrize("kind", ["pubmed", "oai"])
def test_killed_twenty_times(kind: str, tmp_path: Path) -> None:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.collect.test_killed"])
    held = articles(600)  # far more requests than twenty short lives can make
    ids = [article.id for article in held]
    rng = random.Random(3)
    marks: list[tuple[set[str], int]] = []  # what had landed when a life ended, and where the log stood
    with serving(Eutils(held) if kind == "pubmed" else Archive(held, size=4)) as server:
        whole = live(kind, server.url, tmp_path / "whole.sqlite")
        unbroken = len(server.log)
        path = tmp_path / "broken.sqlite"
        while len(marks) < KILLS:
            assert killed(context, kind, server, path, rng), "it ended before it was killed often enough"
            marks.append((landed(source(kind, server.url, path), ids), len(server.log)))
        assert live(kind, server.url, path) == whole
        assert {document.id for document in whole} == set(ids)
        for before, since in marks:
            assert not before & set(server.ids(since)), "a batch that had landed was fetched again"
        # No more than the request that each kill cut short was made again.
        assert len(server.log) - unbroken <= unbroken + KILLS
