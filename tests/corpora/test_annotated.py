"""JSON lines with annotation."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chemxl.corpora import annotated, paths
from chemxl.corpora.faults import Log
from chemxl.documents import Document, Label, Mention, Relation
from tests.corpora.reading import reading

TEXT = "Аспирин 😀 ингибирует ЦОГ-1."


def line(**row: object) -> str:
    return json.dumps({"text": TEXT, **row}, ensure_ascii=False) + "\n"


def test_what_the_commands_write_is_read(tmp_path: Path) -> None:
    mentions = [
        {"id": "T1", "type": "CHEM", "start": 0, "end": 7, "text": "Аспирин", "score": 0.9},
        {"id": "T2", "type": "GENE", "start": 21, "end": 26, "text": "ЦОГ-1", "score": 0.8},
    ]
    related = [{"id": "R1", "type": "INHIBITOR", "head": "T1", "tail": "T2", "score": 0.7}]
    content = line(id="a", mentions=mentions, relations=related) + line(mentions=[])
    (first, second), faults = reading(annotated.read, tmp_path, {"x.jsonl": content})
    assert faults == [] and (first.id, second.id, second.mentions) == ("a", "x-2", ())
    assert first.mentions == (Mention.of("CHEM", 0, 7, id="T1"), Mention.of("GENE", 21, 26, id="T2"))
    assert first.relations == (Relation("INHIBITOR", "T1", "T2", id="R1"),)


@pytest.mark.parametrize("key", ["mentions", "entities", "spans", "labels", "label"])
def test_other_spellings(tmp_path: Path, key: str) -> None:
    items = [[0, 7, "CHEM"], {"label": "GENE", "start": 21, "end": 26}]
    (document,), faults = reading(annotated.read, tmp_path, {"x.jsonl": line(**{key: items})})
    assert faults == [] and [(m.type, m.span, m.id) for m in document.mentions] == [
        ("CHEM", (0, 7), "T1"),
        ("GENE", (21, 26), "T2"),
    ]


def test_one_way_of_counting_holds_for_all_of_a_document(tmp_path: Path) -> None:
    """UTF-16: mentions without a text, and relations that name their ends by spans, are where the others are."""
    text = "💊💊 аспирин, ЦОГ-1, ЦОГ-2"
    spans = [
        {"start": 5, "end": 12, "label": "CHEM", "text": "аспирин"},
        {"start": 14, "end": 19, "label": "GENE", "text": "ЦОГ-1"},
        {"start": 21, "end": 26, "label": "GENE"},
    ]
    ends = {"head_span": {"start": 5, "end": 12}, "child_span": {"start": "21", "end": 26}}
    content = json.dumps({"text": text, "spans": spans, "relations": [{"label": "INHIBITOR", **ends}]}) + "\n"
    (document,), faults = reading(annotated.read, tmp_path, {"x.jsonl": content})
    assert faults == [] and list(map(document.surface, document.mentions)) == ["аспирин", "ЦОГ-1", "ЦОГ-2"]
    assert [(r.head, r.tail) for r in document.relations] == [("T1", "T3")]


def test_what_an_annotator_rejected_is_no_gold(tmp_path: Path) -> None:
    """As Prodigy has it."""
    answers = ["accept", "reject", "ignore", None]
    content = "".join(line(id=i, spans=[], answer=answer) for i, answer in enumerate(answers))
    documents, faults = reading(annotated.read, tmp_path, {"x.jsonl": content})
    assert [d.id for d in documents] == ["0", "3"]
    assert faults == [
        "x.jsonl:2: 1: the annotator's answer is 'reject'; document left out",
        "x.jsonl:3: 2: the annotator's answer is 'ignore'; document left out",
    ]


def test_documents_without_an_id_are_named_by_their_path(tmp_path: Path) -> None:
    paths = [tmp_path / "x.jsonl", tmp_path / "a" / "x.jsonl", tmp_path / "b.c" / "x.jsonl.gz"]
    for path in paths:
        path.parent.mkdir(exist_ok=True)
        data = line(mentions=[]).encode()
        path.write_bytes(gzip.compress(data) if path.suffix == ".gz" else data)
    log = Log(strict=True)
    assert [d.id for d in annotated.read(paths, log, root=tmp_path)] == ["x-1", "a/x-1", "b.c/x-1"]


def test_labels_of_the_whole_and_pieces(tmp_path: Path) -> None:
    pieces = {"type": "X", "fragments": [[0, 3], [5, 7]], "text": "Асп ин", "id": 7}
    content = line(id=1, label="positive") + line(id=2, spans=["a", "a", "b", pieces])
    documents, faults = reading(annotated.read, tmp_path, {"x.jsonl": content})
    assert faults == [] and [d.id for d in documents] == ["1", "2"]
    (empty,), _ = reading(annotated.read, tmp_path, {"x.jsonl": line(mentions=[], spans=[[0, 7, "CHEM"]])})
    assert len(empty.mentions) == 1, "an empty list hides none behind it"
    assert documents[0].labels == (Label("positive"),) and documents[1].labels == (Label("a"), Label("b"))
    assert documents[1].mentions == (Mention("X", ((0, 3), (5, 7)), id="7"),)


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ({"mentions": None}, "x-1: no list under mentions or entities or spans or labels or label; document left out"),
        ({"mentions": {"a": 1}}, "x-1: no list under"),
        ({"mentions": [[0, 7]]}, "x-1: entry 1 is neither an object with type, start and end nor a list"),
        ({"mentions": [[7, 0, "CHEM"]]}, "x-1: entry 1 is neither"),
        ({"mentions": [[True, 7, "CHEM"]]}, "x-1: entry 1 is neither"),
        ({"mentions": [[0, 7, " "]]}, "x-1: entry 1 is neither"),
        ({"mentions": [[0, 99, "CHEM"]]}, "T1 ends at 99, the text at 27; mention left out"),
        ({"mentions": [{"type": "C", "start": 0, "end": 7, "text": "Aspirin"}]}, "T1 is recorded as 'Aspirin', but"),
        (
            {"mentions": [{"type": "C", "start": 0, "end": 7, "id": "T1"}] * 2},
            "the id T1 stands twice; mention left out",
        ),
        ({"mentions": [], "relations": [{"type": "R", "head": "T1", "tail": "T2"}]}, "R1 names T1 and T2, which is no"),
        ({"mentions": [], "relations": [{"type": "R"}]}, "x-1: relation 1 has no type, head and tail; left out"),
        ({"mentions": [], "relations": {"type": "R"}}, "x-1: relation 1 has no type, head and tail; left out"),
    ],
)
def test_what_is_wrong_is_left_out_and_named(tmp_path: Path, row: dict[str, object], message: str) -> None:
    documents, (fault,) = reading(annotated.read, tmp_path, {"x.jsonl": line(**row)})
    assert fault.startswith(f"x.jsonl:1: {message}")
    assert len(documents) == (0 if "no list" in message else 1)


def test_a_document_stands_once(tmp_path: Path) -> None:
    documents, (fault,) = reading(annotated.read, tmp_path, {"x.jsonl": 2 * line(id="a", mentions=[])})
    assert len(documents) == 1 and fault == "x.jsonl:2: the document id a stands twice; document left out"


@settings(max_examples=50, deadline=None)
@given(data=st.data())
def test_every_span_comes_back(data: st.DataObject, tmp_path_factory: pytest.TempPathFactory) -> None:
    text = data.draw(st.text(st.characters(exclude_categories=["Cs"]), min_size=1).filter(str.strip))
    edges = st.integers(0, len(text))
    spans = data.draw(st.lists(st.tuples(edges, edges).map(sorted).filter(lambda s: s[0] < s[1]), max_size=5))
    path = tmp_path_factory.mktemp("lines") / "x.jsonl"
    mentions = [{"type": "A", "start": a, "end": b, "text": text[a:b]} for a, b in spans]
    path.write_text(json.dumps({"id": "a", "text": text, "mentions": mentions}) + "\n", "utf-8")
    log = Log(strict=True)
    (document,) = annotated.read([path], log)
    assert document == Document("a", text, document.mentions) and [m.span for m in document.mentions] == [
        *map(tuple, spans)
    ]


SPELLINGS: dict[str, tuple[dict[str, object], dict[str, object]]] = {
    "doccano": ({"label": "GENE", "start_offset": 21, "end_offset": 26}, {"from_id": 1, "to_id": 2, "type": "R"}),
    "Label Studio": (
        {"labels": ["GENE"], "start": 21, "end": 26, "text": "ЦОГ-1"},
        {"head": 1, "tail": 2, "label": "R"},
    ),
    "transformers": ({"entity_group": "GENE", "start": 21, "end": 26}, {"head": "1", "tail": "2", "type": "R"}),
    "Prodigy": (
        {"label": "GENE", "start": 21, "end": 26, "token_start": 3},
        {
            "head": 0,
            "child": 3,
            "label": "R",
            "head_span": {"start": 0, "end": 7, "label": "CHEM"},
            "child_span": {"start": 21, "end": 26, "label": "GENE"},
        },
    ),
    "offsets as texts": ({"label": "GENE", "start": "21", "end": "26"}, {"head": 1, "tail": 2, "type": "R"}),
    "offsets with a point": ({"label": "GENE", "start": 21.0, "end": 26.0}, {"head": 1, "tail": 2, "type": "R"}),
}


@pytest.mark.parametrize("program", SPELLINGS)
def test_what_other_programs_write(tmp_path: Path, program: str) -> None:
    mention, relation = SPELLINGS[program]
    entities = [{"id": 1, "label": "CHEM", "start": 0, "end": 7}, {"id": 2, **mention}]
    content = line(id="a", entities=entities, relations=[relation], Comments=[])
    (document,), faults = reading(annotated.read, tmp_path, {"x.jsonl": content})
    assert faults == []
    assert document.mentions == (Mention.of("CHEM", 0, 7, id="1"), Mention.of("GENE", 21, 26, id="2"))
    assert [(r.type, r.head, r.tail) for r in document.relations] == [("R", "1", "2")]


@pytest.mark.parametrize("other", [{"spans": [[8, 9, "X"]]}, {"label": ["positive"]}, {"label": "positive"}])
def test_two_lists_are_not_chosen_from_without_a_word(tmp_path: Path, other: dict[str, object]) -> None:
    (document,), faults = reading(annotated.read, tmp_path, {"x.jsonl": line(entities=[[0, 7, "CHEM"]], **other)})
    assert len(document.mentions) == 1
    assert faults == [f"x.jsonl:1: x-1: what stands under {next(iter(other))} is not read, as entities is there, too"]


def task(*annotations: object, **data: object) -> dict[str, object]:
    """A task of Label Studio, with its keys in the order of an export."""
    return {"id": 7, "annotations": [*annotations], "predictions": [], "data": data or {"text": "Аспирин и ЦОГ-1"}}


def region(id: str, start: int, end: int, *labels: str) -> dict[str, object]:
    value = {"start": start, "end": end, "text": "Аспирин и ЦОГ-1"[start:end], "labels": [*labels]}
    return {"value": value, "id": id, "from_name": "label", "to_name": "text", "type": "labels"}


def result(direction: str = "right") -> dict[str, object]:
    arc = {"from_id": "a", "to_id": "b", "type": "relation", "direction": direction, "labels": ["INHIBITOR"]}
    return {"id": 3, "result": [region("a", 0, 7, "CHEM"), region("b", 10, 15, "GENE"), arc]}


FOUND = (Mention.of("CHEM", 0, 7, id="a"), Mention.of("GENE", 10, 15, id="b"))


@pytest.mark.parametrize("indent", [None, 2])
@pytest.mark.parametrize(("direction", "ends"), {"right": ("a", "b"), "left": ("b", "a"), "bi": ("a", "b")}.items())
def test_a_whole_export_of_label_studio(
    tmp_path: Path, indent: int | None, direction: str, ends: tuple[str, str]
) -> None:
    content = json.dumps([task(result(direction)), {**task(), "id": 8}], indent=indent)
    documents, faults = reading(annotated.read, tmp_path, {"x.json": content})
    assert (documents[0].id, documents[0].text, documents[0].mentions) == ("7", "Аспирин и ЦОГ-1", FOUND)
    assert [(r.type, r.head, r.tail) for r in documents[0].relations] == [("INHIBITOR", *ends)]
    assert (documents[1].id, documents[1].mentions, faults) == ("8", (), [])
    assert paths.found(tmp_path).reader == "annotated"


def test_of_several_annotations_the_first_is_read(tmp_path: Path) -> None:
    cancelled = {"result": [region("c", 0, 7, "X")], "was_cancelled": True}
    content = json.dumps([task(cancelled, result(), result("left"))])
    (document,), faults = reading(annotated.read, tmp_path, {"x.json": content})
    assert document.mentions == FOUND and document.relations[0].head == "a"
    assert faults == ["x.json:1: 2 annotations of one text: the first is read, the others are left out"]


def test_choices_are_labels_and_a_text_may_have_another_name(tmp_path: Path) -> None:
    choice = {"value": {"choices": ["positive"]}, "type": "choices", "id": "c"}
    content = json.dumps([task({"result": [choice]}, review="Боль прошла", stars=5)])
    (document,), faults = reading(annotated.read, tmp_path, {"x.json": content})
    assert (document.text, document.labels, faults) == ("Боль прошла", (Label("positive"),), [])


def test_a_short_export_of_label_studio_is_a_list(tmp_path: Path) -> None:
    rows = [
        {"text": "Аспирин и ЦОГ-1", "id": 1, "label": [{"start": 0, "end": 7, "text": "Аспирин", "labels": ["CHEM"]}]},
        {"text": "NaCl", "id": 2, "label": [{"start": 0, "end": 4, "text": "KCl", "labels": ["CHEM"]}]},
        {"text": "KCl", "id": 3, "annotator": 1},
    ]
    documents, faults = reading(annotated.read, tmp_path, {"x.json": json.dumps(rows, indent=1, ensure_ascii=False)})
    assert [(d.id, [*map(d.surface, d.mentions)]) for d in documents] == [("1", ["Аспирин"]), ("2", [])]
    assert faults == [
        "x.json:16: T1 is recorded as 'KCl', but the text at 0-4 is 'NaCl'; mention left out",
        "x.json:30: 3: no list under mentions or entities or spans or labels or label; document left out",
    ]


def test_a_broken_list_is_read_as_far_as_it_is_whole(tmp_path: Path) -> None:
    content = '[\n{"text": "a", "mentions": []},\n{"text": "b" "mentions": []},\n{"text": "c", "mentions": []}, {"text'
    documents, faults = reading(annotated.read, tmp_path, {"x.json": content})
    assert [d.text for d in documents] == ["a", "c"]
    assert [fault.partition(" (")[0] for fault in faults] == ["x.json:3: not JSON", "x.json:4: broken JSON"]
