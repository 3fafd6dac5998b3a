"""What chapter 8 declares: systems that differ in one thing, no twin on both sides, numbers for its page."""

from __future__ import annotations

from typing import Any

import pytest

from chemxl import corpora
from chemxl.corpora.corpus import translation_key
from chemxl.documents import Document, Relation
from chemxl.errors import ChemxlError
from chemxl.evaluation import metrics
from chemxl.experiments.experiment import Value
from chemxl.relations import chapter, rows, worked
from chemxl.relations.candidates import Scheme
from chemxl.relations.data import Reach, Refined, Related
from chemxl.relations.experiments import Vote
from chemxl.relations.pipeline import EndToEnd, extract
from chemxl.relations.tasks import MINI, languages, task
from chemxl.results import chapters
from chemxl.results.rows import Row, frame
from tests.relations.samples import NESTED, RelatedPairs

SETTINGS = chapter.Settings(
    encoder="mini", methods=chapter.METHODS, epochs=1, seeds=(0, 1), few=(3,), steps=2, voters=3
)
SMALL = task("small", part=0.5)


def test_systems_differ_from_the_focal_loss_in_one_thing() -> None:
    made = {name: chapter.model(SETTINGS, SMALL, name, 0) for name in chapter.METHODS}
    base = made[chapter.FOCAL].config()
    differ = {name: {key for key, item in one.config().items() if item != base[key]} for name, one in made.items()}
    assert differ == {
        chapter.CROSS: {"gamma"},
        chapter.FOCAL: set(),
        chapter.TWICE: {"training"},
        chapter.ATTENTION: {"attention"},
        chapter.MULTITASK: {"share"},
        chapter.FINE: {"typer"},
    }
    assert (made[chapter.CROSS].gamma, made[chapter.MULTITASK].share) == (0.0, SETTINGS.weight)
    assert made[chapter.TWICE].training.epochs == 2 * made[chapter.FOCAL].training.epochs
    with pytest.raises(ChemxlError, match="'vote' is no system"):
        chapter.model(SETTINGS, SMALL, chapter.VOTE, 0)


def test_the_vote_has_the_models_of_the_rows_among_its_voters() -> None:
    lines = chapter.systems(SETTINGS, SMALL)
    [vote] = next(line.experiments for line in lines if line.keys.get("method") == chapter.VOTE)
    focal = next(line.experiments for line in lines if line.keys.get("method") == chapter.FOCAL)
    assert isinstance(vote, Vote) and vote.models[:2] == tuple(one.model for one in focal) and len(vote.models) == 3
    assert Value.from_config(vote.config()) == vote


def test_choices_are_made_on_what_is_not_trained_on_nor_tested_on(real: object) -> None:
    if not corpora.available("drugprot"):
        pytest.skip("DrugProt is not on this machine: set CHEMXL_DATA")
    chosen = task("real", part=1 / 3)
    part, rest, test = (
        {document.id for document in documents}
        for documents in (chosen.part[0].load(), chosen.rest.load(), chosen.test.load())
    )
    whole = {document.id for corpus in chosen.train for document in corpus.load()}
    assert part | rest < whole and not part & rest and not whole & test
    assert (len(whole), len(test)) == (1926, 750)
    fine = [mention.type for document in chosen.fine.load() for mention in document.mentions]
    assert sum(type in ("GENE-Y", "GENE-N") for type in fine) == 8927 and fine.count("GENE") == 78


def test_no_twin_is_on_both_sides(real: object) -> None:
    if not corpora.available("bionne-r"):
        pytest.skip("BioNNE-R is not on this machine: set CHEMXL_DATA")
    found = languages("real")
    tested = {x: {translation_key(d.id) for d in corpus.load()} for x, corpus in found.test.items()}
    assert tested["en"] == tested["ru"] and len(tested["ru"]) == 50
    for corpus in found.train.values():
        documents = corpus.load()
        assert not {translation_key(d.id) for d in documents} & tested["ru"]
        assert all(d.relations or not d.mentions for d in documents)
    assert len(found.train["en"].load()) == 55


def test_corpora_are_counted() -> None:
    written = RelatedPairs(name="written", count=4)
    value = Related(corpora=(written,), scheme=Scheme(coarse=(("FINE", "CHEM"), ("COARSE", "CHEM"))))
    found, relations = value.run().metrics, [r for d in written.load() for r in d.relations]
    assert (found["documents"], found["pairs"], found["most of a sentence"]) == (4, 12, 1)
    assert found["relations"] == found["of these in a sentence"] == len(relations)
    tails = value.tails()
    assert sum(tails.values()) == len(relations) and {tail for _, tail in tails} == {"GENE"}
    named = {(row.keys["type"], row.keys["tail"]): row.value for row in rows.tails(value)}
    assert named == tails
    reach = {n: Reach(corpora=(written,), scheme=Scheme(heads=("FINE",), within=(-n, n))).run().metrics for n in (1, 9)}
    assert reach[9]["pairs kept"] == reach[9]["related pairs kept"] == 1.0 and reach[1]["pairs"] == reach[9]["pairs"]
    refined = Refined(name="mini", split="test", types=("CHEM", "GENE"), by=(SMALL.fine,), scheme=MINI).load()
    assert {m.type for d in refined for m in d.mentions} == {"CHEM", "DRUG", "GENE"}


def test_the_chain_finds_relations_of_what_it_finds() -> None:
    [line] = chapter.end_to_end(SETTINGS, SMALL)
    [value] = line.experiments
    assert isinstance(value, EndToEnd)
    found = value.outcome()
    assert {row.metric for row in line.rows()} == {"F1", "P", "R", "F1 of mentions"}
    assert [d.text for d in found] == [d.text for d in SMALL.test.load()]
    tagger, extractor = value.tagger.tagger(), value.model.load()
    again = extract(SMALL.test.load(), tagger, extractor)
    assert [(d.mentions, [(r.type, r.head, r.tail) for r in d.relations]) for d in again] == [
        (d.mentions, [(r.type, r.head, r.tail) for r in d.relations]) for d in found
    ]
    [blank] = extract([Document("blank", "", language="ru")], tagger, extractor)
    assert blank.mentions == blank.relations == ()
    assert all(m.id == f"T{i}" for d in again for i, m in enumerate(d.mentions, 1))


def test_macro_scores_are_means_over_what_gold_has() -> None:
    class Fixed:
        seed = 0

        def counts(self) -> metrics.Counts:
            spurious = (*NESTED.relations, Relation("AGONIST", "T3", "T4"))
            found = Document(NESTED.id, NESTED.text, NESTED.mentions, spurious[1:])
            return metrics.count_relations([NESTED], [found])

        def run(self) -> Any:
            raise NotImplementedError

    made = {row.metric: row.value for row in rows.macro([Fixed()])}
    assert made == {"macro F1": 0.5, "F1": 0.6667, "P": 0.6667, "R": 0.6667}
    named = [(row.metric, row.keys.get("type")) for row in rows.by_type([Fixed()])]
    assert named == [("F1", None), ("P", None), ("R", None), ("F1", "INHIBITOR"), ("F1", "PART-OF")]


def recorded(metric: str, value: float, **keys: Any) -> Row:
    return Row(source="recorded", metric=metric, value=value, low=value - 0.1, high=value + 0.1, keys=keys)


def test_the_page_has_curves_bars_intervals_and_numbers_for_prose() -> None:
    main: dict[str, Any] = {"train": "DrugProt", "test": "DrugProt"}
    table = frame(
        [
            recorded("F1", 0.5, table="tuning", method=chapter.FOCAL, gamma=2.0),
            recorded("F1", 0.4, table="tuning", method=chapter.FOCAL, gamma=0.0),
            recorded("F1", 0.3, method=chapter.FOCAL, type="AGONIST", **main),
            recorded("F1", 0.6, method=chapter.FOCAL, **main),
            recorded("F1", 0.7, method=chapter.GIVEN, **main),
            recorded("F1", 0.2, method=chapter.CHAIN, **main),
            recorded("macro F1", 0.25, train="EN", test="BioNNE-R RU", weight=0.1),
            recorded("macro F1", 0.35, train="RU", test="BioNNE-R RU", documents=10),
            recorded("pairs kept", 0.9, table="interval", scope="sentence", first=-3, last=3),
            recorded("pairs", 100, table="interval", scope="sentence", first=-3, last=3),
        ]
    )
    [curve] = worked.curve(table, "γ", "gamma")
    assert (curve.x, curve.runs) == ([0.0, 2.0], [[0.4, 0.5]])
    assert worked.curve(table, "λ", "weight") == []
    assert [(bar.label, bar.value) for bar in worked.bars(table)] == [(chapter.FOCAL, 0.6), (chapter.GIVEN, 0.7)]
    assert worked.reached(table, "sentence") == [{"interval": "[-3, 3]", "pairs kept": 0.9, "pairs": 100}]
    assert worked.reached(table, "document") == [{"interval": "nothing is recorded yet"}]


def test_markers_and_relations_are_shown() -> None:
    packed, inline = worked.marked("packed"), worked.marked("inline")
    assert [row["token"] for row in packed[-8:]] == [
        f"[{end}{role}:{type}]" for _ in (0, 1) for role, type in (("S", "CHEM"), ("O", "GENE")) for end in ("", "/")
    ]
    assert {row["sees"] for row in packed} == {"the text", "the text and pair 1", "the text and pair 2"}
    assert {row["sees"] for row in inline} == {"the text"} and len(inline) == len(packed) - 4
    found = (Relation("PART-OF", "T2", "T1", score=0.9), Relation("INHIBITOR", "T3", "T4", score=0.5))
    states = [(row["relation"], row["head"], row["state"]) for row in worked.compared(NESTED, found)]
    assert states == [
        ("INHIBITOR", "beta gamma", "missed"),
        ("INHIBITOR", "beta gamma", "spurious"),
        ("INHIBITOR", "Beta", "missed"),
        ("PART-OF", "beta", "right"),
    ]


def test_every_profile_has_settings_that_make_lines() -> None:
    for profile in ("small", "real", "paper"):
        settings = chapters.settled(chapters.named(chapter.stem), profile)
        assert len(next(chapter.lines(settings))) > 20  # type: ignore[arg-type]
