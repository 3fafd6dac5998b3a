"""Annotated texts as a person has them, and a tagger that saw them four times."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from chemxl.own.train import TrainingRequest, train
from tests.own.texts import lay_out


@pytest.fixture(scope="session")
def texts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return lay_out(tmp_path_factory.mktemp("own") / "texts")


@pytest.fixture(scope="session")
def model(texts: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    out = tmp_path_factory.mktemp("model") / "tagger"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CHEMXL_QUIET", "1")
        train(TrainingRequest(str(texts), start="mini", types=("CHEM", "DISEASE"), epochs=4), out)
    yield out
