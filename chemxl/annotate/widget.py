"""A widget to annotate a brat folder in a notebook.

``Annotator(folder)`` at the end of a cell shows one text after the other: select, press a type's key, save. Texts,
mentions and history are here; the page (``widget.js``) draws them and sends what a person asks for, which is checked
like any untrusted input. Offsets in messages count code points, as everywhere in the package.

Where nobody can answer, as when papermill makes the book, the text is displayed as :func:`chemxl.results.show.entities`
shows it, and no widget is made.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

import pydantic

from chemxl.corpora.editing import Sheet, entity_types
from chemxl.corpora.faults import Log, read_text
from chemxl.documents import Document
from chemxl.errors import ChemxlError
from chemxl.results import markup, show

CONF = "annotation.conf"


class _Message(pydantic.BaseModel):
    """A message from the page; an unknown field is an error."""

    model_config = pydantic.ConfigDict(frozen=True, extra="forbid", strict=True)


class _Show(_Message):
    """Ask for the state of the page, or save all changes."""

    do: Literal["show", "save"]


class _Go(_Message):
    """Go to another text."""

    do: Literal["go"]
    to: int


class _OnText(_Message):
    """A message about the text of this name, which must be the one that is shown."""

    name: str


class _Step(_OnText):
    """Undo or redo a change, or read the files again."""

    do: Literal["undo", "redo", "reload"]


class _Add(_OnText):
    """Add a mention."""

    do: Literal["add"]
    start: int
    end: int
    type: str


class _Retype(_OnText):
    """Change a mention's type."""

    do: Literal["retype"]
    id: str
    type: str


class _Remove(_OnText):
    """Remove a mention."""

    do: Literal["remove"]
    id: str


_Any = _Show | _Go | _Step | _Add | _Retype | _Remove
_MESSAGES: pydantic.TypeAdapter[_Any] = pydantic.TypeAdapter(Annotated[_Any, pydantic.Field(discriminator="do")])


class Annotator:
    """A brat folder to annotate: ``.txt`` with ``.ann`` beside them, and the types from ``annotation.conf``.

    Nothing is written before it is saved; a file that somebody else has changed meanwhile is reported and left alone.

    Args:
        folder: its texts are shown in the order of their names.
        types: what may be annotated, in place of ``annotation.conf``.
        language: the language of the texts, such as ``ru``, if it is known: for screen readers and hyphenation.

    Raises:
        ChemxlError: no text or no type, or the first text cannot be read.
    """

    def __init__(self, folder: Path | str, *, types: Sequence[str] | None = None, language: str = "") -> None:
        self.folder, self.language = Path(folder), language
        paths = sorted(self.folder.glob("*.txt")) if self.folder.is_dir() else []
        self._paths = [path for path in paths if path.is_file() and not path.name.startswith(".")]
        if not self._paths:
            raise ChemxlError(f"{self.folder} holds no text: give a folder with NAME.txt and NAME.ann")
        self.types = tuple(dict.fromkeys(types)) if types is not None else self._configured()
        if not self.types or any(not type_ or type_.split() != [type_] for type_ in self.types):
            raise ChemxlError(f"{', '.join(self.types) or 'no type'}: give one or more types, each one word")
        self._sheets: dict[str, Sheet] = {}
        self._widget: Any = None
        self._said, self._fault, self._chosen = "", False, ""
        self.go(0)

    @property
    def names(self) -> list[str]:
        """The names of all texts."""
        return [path.stem for path in self._paths]

    @property
    def document(self) -> Document:
        """The text that is shown, with its mentions as they are now."""
        return self._sheet.document

    @property
    def unsaved(self) -> list[str]:
        """The names of texts with changes that are not saved."""
        return [name for name in self.names if name in self._sheets and self._sheets[name].changed]

    @property
    def widget(self) -> Any:
        """The widget itself, for a front end that is not recognised."""
        if self._widget is None:
            self._widget = self._made()
        return self._widget

    def go(self, to: int) -> None:
        """Show another text; unsaved changes to this one stay.

        Raises:
            ChemxlError: there is none of this number, or it cannot be read.
        """
        if not 0 <= to < len(self._paths):
            raise ChemxlError(f"there is no text {to + 1} of {len(self._paths)}")
        name = self._paths[to].stem
        known = self._sheets.get(name)
        if known is None or (not known.changed and known.stale()):
            self._sheets[name] = Sheet(self._paths[to])
        self._place, self._sheet = to, self._sheets[name]

    def save(self) -> list[str]:
        """Write every text's changes, and return the names of the texts that were written.

        Raises:
            ChemxlError: somebody else has changed a file, or it cannot be written. The others were.
        """
        written, problems = [], []
        for name in self.unsaved:
            try:
                written += [name] if self._sheets[name].save() else []
            except ChemxlError as error:
                problems.append(str(error))
        if problems:
            raise ChemxlError("; ".join([*problems, *([f"saved: {', '.join(written)}"] if written else [])]))
        return written

    def receive(self, message: object) -> dict[str, Any]:
        """Do what the page asks for, and return what it must show; if it cannot be done, change nothing and say why in
        one line."""
        self._said, self._fault, self._chosen = "", False, ""
        try:
            self._do(_MESSAGES.validate_python(message))
        except pydantic.ValidationError as error:
            first = error.errors(include_url=False)[0]
            where = ".".join(map(str, first["loc"])) or "message"
            self._said, self._fault = f"not understood: {where}: {first['msg']}"[:300], True
        except ChemxlError as error:
            self._said, self._fault = str(error), True
        return self.state()

    def state(self) -> dict[str, Any]:
        """What the page shows, as JSON; offsets count code points."""
        sheet = self._sheet
        mentions = sorted(sheet.mentions, key=lambda m: (m.start, -m.end))
        return {
            "names": self.names,
            "place": self._place,
            "language": self.language,
            "text": sheet.text,
            "mentions": [{"id": m.id, "type": m.type, "fragments": [list(f) for f in m.fragments]} for m in mentions],
            "types": list(self.types),
            "colours": markup.type_colours([*self.types, *(m.type for m in mentions)]),
            "unsaved": self.unsaved,
            "undo": sheet.undoable,
            "redo": sheet.redoable,
            "chosen": self._chosen,
            "said": self._said,
            "fault": self._fault,
            "stale": self._fault and sheet.changed and sheet.stale(),
            "hidden": [f"line {f.line}: {f.message}" for f in sheet.faults[:20]],
        }

    def _do(self, message: _Any) -> None:
        """Carry out one message."""
        if isinstance(message, _OnText) and message.name != self._sheet.name:
            raise ChemxlError(f"{message.name} is not shown any more, {self._sheet.name} is: nothing was done")
        if isinstance(message, _Add | _Retype) and message.type not in self.types:
            raise ChemxlError(f"{message.type[:40]!r} cannot be annotated: types are {', '.join(self.types)}")
        match message:
            case _Go(to=to):
                self.go(to)
            case _Show(do="save"):
                written = self.save()
                self._said = f"saved {', '.join(written)}" if written else "nothing to save"
            case _Step(do=do):
                {"undo": self._sheet.undo, "redo": self._sheet.redo, "reload": self._reload}[do]()
            case _Add(start=start, end=end, type=type_):
                self._chosen = self._sheet.add(type_, start, end)
            case _Retype(id=id, type=type_):
                self._sheet.retype(id, type_)
                self._chosen = id
            case _Remove(id=id):
                self._sheet.remove(id)

    def _reload(self) -> None:
        """Read the files again; changes to this text are dropped."""
        self._sheet = self._sheets[self._sheet.name] = Sheet(self._sheet.text_path)
        self._said = f"{self._sheet.name} was read again"

    def _configured(self) -> tuple[str, ...]:
        """The types that ``annotation.conf`` of the folder lists."""
        path = self.folder / CONF
        if not path.is_file():
            raise ChemxlError(f"{self.folder} holds no {CONF}: give types=[...]")
        return tuple(entity_types(read_text(path, Log(strict=True)) or ""))

    def _made(self) -> Any:
        """The widget of anywidget, with its script and style."""
        import anywidget  # brings all of ipywidgets, which only a live front end needs

        here = Path(__file__)
        members = {
            "__module__": __name__,
            "_esm": here.with_suffix(".js").read_text("utf-8"),
            "_css": markup.STYLE + here.with_suffix(".css").read_text("utf-8"),
        }
        widget = type("AnnotatorWidget", (anywidget.AnyWidget,), members)()
        widget.on_msg(lambda _, message, __: widget.send(self.receive(message)))
        return widget

    def _repr_mimebundle_(self, **kwargs: Any) -> Any:
        """What a notebook shows: the widget if a person can answer, and the text with its mentions."""
        shown = show.entities(self.document, caption=self.document.id)
        static = {"text/plain": shown.text, "text/html": shown.html}
        if not _answered():
            return static
        live, metadata = self.widget._repr_mimebundle_(**kwargs)
        return live | static, metadata


def _answered() -> bool:
    """Whether the front end that runs a cell can ask a person.

    Jupyter's do, and say so in each request; papermill and nbconvert say that they cannot.
    """
    from IPython.core.getipython import get_ipython

    kernel = getattr(get_ipython(), "kernel", None)
    if kernel is None or "CHEMXL_QUIET" in os.environ:
        return False
    request: Mapping[str, Any] = kernel.get_parent("shell")
    return bool(request.get("content", {}).get("allow_stdin"))
