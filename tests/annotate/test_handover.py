"""What a simulated loop asks for next, as a person gets it."""

from __future__ import annotations

from chemxl.active import chapter
from chemxl.active.methods import Method
from chemxl.annotate.handover import hand_over


def test_a_person_gets_what_the_first_model_asks_for() -> None:
    settings = chapter.Settings(methods=("entropy",), rounds=2, budget=4, steps=3, sentences=30)
    [part] = chapter.data(settings)
    loop = chapter.loops(settings, part)[Method("entropy")][0]
    annotator = hand_over(loop, most=4)
    asked = {unit.text for unit in part.pool.load() if unit.id in loop.history()[0]["next"]}
    shown = set()
    for place in range(len(annotator.names)):
        annotator.go(place)
        shown.add(annotator.document.text)
    assert shown == asked and len(shown) == 4
