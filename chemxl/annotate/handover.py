"""What a loop with a simulated annotator asks for, given to a person instead."""

from __future__ import annotations

import tempfile
from pathlib import Path

from chemxl.active.experiments import ActiveLearning
from chemxl.annotate.rounds import Project, give_out
from chemxl.annotate.widget import Annotator


def hand_over(loop: ActiveLearning, *, most: int = 2) -> Annotator:
    """The sentences that the loop's first model asks for next, with the mentions that it finds, to be corrected."""
    done = loop.history()[0]["added"]
    pool = [unit for corpus in loop.pool() for unit in corpus.load() if unit.id not in set(done)]
    project = Project(Path(tempfile.mkdtemp(prefix="chemxl-")))
    folder = give_out(
        project, pool, model=loop.model(done).run().folder, count=most, strategy=loop.strategy, aggregate=loop.aggregate
    )
    return Annotator(folder, language=pool[0].language)
