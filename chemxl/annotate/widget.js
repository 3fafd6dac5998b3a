// The page of chemxl/annotate.py, which holds texts, mentions and history: this draws them and says what is asked for.
// Whatever comes from data becomes a text node or the value of an attribute, never markup.

// Messages count code points, the DOM counts UTF-16 units. Nothing else here knows both.
export class Offsets {
  constructor(text) {
    this.starts = []; // of each code point, in units
    let unit = 0;
    for (const character of text) {
      this.starts.push(unit);
      unit += character.length;
    }
    this.starts.push(unit);
  }

  units(point) {
    return this.starts[point];
  }

  // A unit inside a code point belongs to it.
  points(unit) {
    let [low, high] = [0, this.starts.length - 1];
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.starts[middle] <= unit) low = middle;
      else high = middle - 1;
    }
    return low;
  }
}

function make(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  node.append(...children); // strings become text nodes
  return node;
}

// As chemxl.show marks a text: nested inside one another; at a crossing, marks that go on are closed and opened again.
function drawn(text, pieces) {
  const root = document.createDocumentFragment();
  const waiting = [...pieces].sort((a, b) => a.start - b.start || b.end - a.end);
  const edges = new Set([...pieces.flatMap((piece) => [piece.start, piece.end]), text.length]);
  let open = [];
  let at = 0;
  for (const cut of [...edges].sort((a, b) => a - b)) {
    if (cut > at) (open.at(-1)?.node ?? root).append(text.slice(at, cut));
    at = cut;
    const ended = open.findIndex((piece) => piece.end === cut);
    const fresh = ended < 0 ? [] : open.splice(ended).filter((piece) => piece.end !== cut);
    while (waiting.length && waiting[0].start === cut) fresh.push(waiting.shift());
    for (const piece of fresh.sort((a, b) => b.end - a.end)) {
      const whole = open.every((below) => piece.end <= below.end); // if not, it will be cut, and labelled later
      const node = make("mark", { class: `t${piece.colour}`, title: piece.type, "data-id": piece.id });
      if (whole && piece.last) node.setAttribute("data-label", piece.type);
      (open.at(-1)?.node ?? root).append(node);
      open.push({ ...piece, node });
    }
  }
  return root;
}

// A letter or digit by what is printed on the key, or, on a layout without Latin letters, by where it lies.
function keyOf(event) {
  if (event.key.length > 1 || /^[a-z0-9]$/i.test(event.key)) {
    return event.key.length > 1 ? event.key : event.key.toLowerCase();
  }
  return /^(?:Key|Digit|Numpad)([A-Z0-9])$/.exec(event.code)?.[1].toLowerCase() ?? event.key;
}

const MOVES = {
  ArrowLeft: ["left", "character"],
  ArrowRight: ["right", "character"],
  ArrowUp: ["backward", "line"],
  ArrowDown: ["forward", "line"],
  Home: ["backward", "lineboundary"],
  End: ["forward", "lineboundary"],
};

const KEYS = [
  ["Arrow keys, Home, End", "move in the text; with Ctrl or Alt by words, with Shift to select"],
  ["1 to 9", "annotate the selection, or give the chosen mention another type"],
  ["Delete", "delete the chosen mention: the innermost at the cursor, or the one in the list"],
  ["Ctrl+Z, Ctrl+Y", "undo, redo"],
  ["Ctrl+S", "save all texts"],
  ["N, P", "next, previous text"],
  ["Escape", "select nothing"],
];

class Page {
  constructor(model, root) {
    this.model = model;
    this.root = root;
    this.state = null;
    this.span = [0, 0]; // selected in the text, or the cursor twice, in UTF-16 units
    this.chosen = ""; // a mention's id
    this.build();
    this.followed = () => this.follow();
    this.told = (state) => this.show(state);
    document.addEventListener("selectionchange", this.followed);
    model.on("msg:custom", this.told);
    this.ask({ do: "show" });
  }

  end() {
    document.removeEventListener("selectionchange", this.followed);
    this.model.off("msg:custom", this.told);
  }

  ask(message) {
    this.root.setAttribute("aria-busy", "true");
    this.model.send(message);
  }

  askOfText(message) {
    if (this.state) this.ask({ ...message, name: this.state.names[this.state.place] });
  }

  button(label, name, act, keys = "") {
    const node = make("button", { type: "button", "aria-label": name, title: keys ? `${name} (${keys})` : name }, label);
    node.addEventListener("pointerdown", (event) => event.preventDefault()); // the selection stays
    node.addEventListener("mousedown", (event) => event.preventDefault());
    node.addEventListener("click", act);
    return node;
  }

  build() {
    const root = this.root;
    root.classList.add("chemxl-entities", "chemxl-annotator");
    root.setAttribute("role", "group");
    root.setAttribute("aria-label", "Annotator");
    root.setAttribute("data-lm-suppress-shortcuts", "true"); // JupyterLab's own keys stay out
    this.previous = this.button("◀", "Previous text", () => this.go(-1), "P");
    this.next = this.button("▶", "Next text", () => this.go(1), "N");
    this.select = make("select", { "aria-label": "Text" });
    this.select.addEventListener("change", () => this.ask({ do: "go", to: this.select.selectedIndex }));
    this.undo = this.button("↶", "Undo", () => this.askOfText({ do: "undo" }), "Ctrl+Z");
    this.redo = this.button("↷", "Redo", () => this.askOfText({ do: "redo" }), "Ctrl+Y");
    this.remove = this.button("✕", "Delete the chosen mention", () => this.delete(this.chosen), "Delete");
    this.save = this.button("Save", "Save", () => this.ask({ do: "save" }), "Ctrl+S");
    this.reload = this.button("Read again", "Drop my changes to this text and read it again", () =>
      this.askOfText({ do: "reload" }),
    );
    const tools = [this.previous, this.select, this.next, this.undo, this.redo, this.remove, this.save, this.reload];
    this.types = make("div", { class: "row", role: "group", "aria-label": "Types" });
    this.text = make("div", {
      class: "chemxl-text",
      tabindex: "0",
      role: "textbox",
      "aria-readonly": "true",
      "aria-multiline": "true",
      dir: "auto",
    });
    this.cursor = make("span", { class: "cursor", "aria-hidden": "true", hidden: "" });
    this.about = make("div", { class: "about", role: "status" });
    this.said = make("div", { class: "said", role: "alert" });
    this.hidden = make("details", { hidden: "" });
    this.list = make("ul", { "aria-label": "Mentions" });
    const keys = make("details", {}, make("summary", {}, "Keys"), make("dl", {}));
    for (const [key, what] of KEYS) keys.lastChild.append(make("dt", {}, key), make("dd", {}, what));
    root.replaceChildren(
      make("div", { class: "row", role: "toolbar", "aria-label": "Texts and changes" }, ...tools),
      this.types,
      make("div", { class: "sheet" }, this.text, this.cursor),
      this.about,
      this.said,
      this.list,
      this.hidden,
      keys,
    );
    root.addEventListener("keydown", (event) => this.press(event));
    this.text.addEventListener("blur", () => this.mark());
    this.text.addEventListener("scroll", () => this.showCursor());
    this.text.addEventListener("focus", () => {
      if (!this.holds()) this.place(...this.span);
      this.mark();
    });
  }

  show(state) {
    const before = this.state;
    const moved = !before || before.place !== state.place || before.text !== state.text;
    const row = [...this.list.children].findIndex((item) => item.contains(document.activeElement));
    this.state = state;
    this.offsets = new Offsets(state.text);
    const kept = !moved && state.mentions.some(({ id }) => id === this.chosen) ? this.chosen : "";
    this.chosen = state.chosen || kept;
    if (moved) this.text.scrollTop = 0;
    if (moved) this.span = [0, 0];
    else if (state.chosen) this.span = [this.span[1], this.span[1]];
    this.showTools(state, before);
    this.showMentions(state);
    if (this.holds()) this.place(...this.span);
    this.root.removeAttribute("aria-busy");
    if (row >= 0) (this.list.children[Math.min(row, this.list.children.length - 1)]?.firstChild ?? this.text).focus();
    this.mark();
  }

  showTools(state, before) {
    const unsaved = new Set(state.unsaved);
    const label = (name, i) => `${i + 1} / ${state.names.length}: ${name}${unsaved.has(name) ? " •" : ""}`;
    const listed = JSON.stringify([state.names, state.unsaved]);
    if (this.listed !== listed) {
      this.select.replaceChildren(...state.names.map((name, i) => make("option", {}, label(name, i))));
      this.listed = listed;
    }
    this.select.selectedIndex = state.place;
    this.previous.disabled = state.place === 0;
    this.next.disabled = state.place === state.names.length - 1;
    this.undo.disabled = !state.undo;
    this.redo.disabled = !state.redo;
    this.save.disabled = !unsaved.size;
    this.save.textContent = unsaved.size ? `Save (${unsaved.size})` : "Saved";
    this.reload.hidden = !state.stale;
    this.said.textContent = state.said;
    this.said.classList.toggle("fault", state.fault);
    this.hidden.hidden = !state.hidden.length;
    const kept = `Mentions of the file that do not fit the text: ${state.hidden.length}, not shown and kept as they are`;
    this.hidden.replaceChildren(make("summary", {}, kept), ...state.hidden.map((line) => make("p", {}, line)));
    if (before && JSON.stringify(before.types) === JSON.stringify(state.types)) return;
    this.types.replaceChildren(...state.types.map((type, i) => this.typeButton(type, i, state.colours[type])));
  }

  typeButton(type, i, colour) {
    const node = this.button("", `Annotate as ${type}`, () => this.annotate(i), i < 9 ? `${i + 1}` : "");
    if (i < 9) node.setAttribute("aria-keyshortcuts", `${i + 1}`);
    if (i < 9) node.append(make("kbd", {}, `${i + 1}`), " ");
    node.append(make("mark", { class: `t${colour}` }, type));
    return node;
  }

  showMentions(state) {
    const units = (point) => this.offsets.units(point);
    this.pieces = state.mentions.flatMap(({ id, type, fragments }) =>
      fragments.map(([start, end], i) => ({
        id,
        type,
        start: units(start),
        end: units(end),
        colour: state.colours[type],
        last: i === fragments.length - 1,
      })),
    );
    this.text.setAttribute("lang", state.language);
    this.text.setAttribute("aria-label", `Text ${state.names[state.place]}`);
    this.text.replaceChildren(drawn(state.text, this.pieces));
    this.list.replaceChildren(...state.mentions.map((mention) => this.row(mention, state.colours[mention.type])));
  }

  surface({ fragments }) {
    return fragments.map(([s, e]) => this.state.text.slice(this.offsets.units(s), this.offsets.units(e))).join(" ");
  }

  row(mention, colour) {
    const surface = this.surface(mention);
    const choose = this.button("", `Choose ${mention.type}: ${surface}`, () => this.choose(mention.id));
    choose.append(make("mark", { class: `t${colour}` }, mention.type), " ", make("bdi", {}, surface));
    choose.addEventListener("focus", () => this.choose(mention.id));
    const remove = this.button("✕", `Delete ${mention.type}: ${surface}`, () => this.delete(mention.id), "Delete");
    return make("li", { "data-id": mention.id }, choose, remove);
  }

  // What is selected in the text, in units; null where the selection is elsewhere.
  selected() {
    const selection = document.getSelection();
    if (!selection.rangeCount) return null;
    const range = selection.getRangeAt(0);
    if (!this.holds()) return null;
    return [
      this.unit(range.startContainer, range.startOffset),
      this.unit(range.endContainer, range.endOffset),
    ];
  }

  unit(node, offset) {
    const before = document.createRange();
    before.selectNodeContents(this.text);
    const side = before.comparePoint(node, offset);
    if (side < 0) return 0;
    if (side === 0) before.setEnd(node, offset);
    return before.toString().length;
  }

  // The text node and the place in it of a unit.
  node(unit) {
    const walker = document.createTreeWalker(this.text, NodeFilter.SHOW_TEXT);
    let last = [this.text, 0];
    for (let node = walker.nextNode(); node; node = walker.nextNode()) {
      if (unit <= node.length) return [node, unit];
      unit -= node.length;
      last = [node, node.length];
    }
    return last;
  }

  place(start, end) {
    document.getSelection().setBaseAndExtent(...this.node(start), ...this.node(end));
  }

  // Whether the page's selection is in the text; what a reader selects elsewhere is left alone.
  holds() {
    return this.text.contains(document.getSelection().anchorNode);
  }

  follow() {
    const span = this.selected();
    if (!span || (span[0] === this.span[0] && span[1] === this.span[1])) return;
    this.span = span;
    this.chosen = span[0] === span[1] ? this.innermost(span[0]) : "";
    this.mark();
  }

  innermost(unit) {
    const around = this.pieces.filter((piece) => piece.start <= unit && unit < piece.end);
    return around.sort((a, b) => a.end - a.start - (b.end - b.start)).at(0)?.id ?? "";
  }

  choose(id) {
    this.span = [this.span[1], this.span[1]];
    if (this.holds()) this.place(...this.span);
    this.chosen = id;
    this.mark();
    this.reveal(this.text.querySelector(".chosen")?.getBoundingClientRect());
  }

  // Scrolls the text until it shows this box.
  reveal(box) {
    const frame = this.text.getBoundingClientRect();
    if (box && box.bottom > frame.bottom) this.text.scrollTop += box.bottom - frame.bottom + 8;
    if (box && box.top < frame.top) this.text.scrollTop += box.top - frame.top - 8;
  }

  // Shows what is chosen and selected, and the cursor.
  mark() {
    if (!this.state) return;
    for (const node of this.text.querySelectorAll("mark")) node.classList.toggle("chosen", node.dataset.id === this.chosen);
    for (const item of this.list.children) {
      item.firstChild.setAttribute("aria-pressed", String(item.dataset.id === this.chosen));
    }
    const mention = this.state.mentions.find(({ id }) => id === this.chosen);
    this.remove.disabled = !mention;
    const surface = this.state.text.slice(...this.span);
    const chosen = mention ? `${mention.type}: ${this.surface(mention)}` : "Nothing is selected";
    const about = surface ? `Selected: ${surface}` : chosen;
    if (this.about.textContent !== about) this.about.textContent = about;
    this.showCursor();
  }

  showCursor() {
    const selection = document.getSelection();
    const here = document.activeElement === this.text && this.holds() && this.span[0] === this.span[1];
    const box = here ? selection.getRangeAt(0).getClientRects()[0] : undefined;
    const sheet = this.cursor.parentNode.getBoundingClientRect();
    this.cursor.hidden = !box || box.top < sheet.top || box.bottom > sheet.bottom;
    if (this.cursor.hidden) return;
    this.cursor.style.left = `${box.left - sheet.left}px`;
    this.cursor.style.top = `${box.top - sheet.top}px`;
    this.cursor.style.height = `${box.height}px`;
  }

  go(by) {
    const to = this.state ? this.state.place + by : -1;
    if (this.state && to >= 0 && to < this.state.names.length) this.ask({ do: "go", to });
  }

  annotate(i) {
    const type = this.state?.types[i];
    if (type === undefined) return;
    const [start, end] = this.span.map((unit) => this.offsets.points(unit));
    if (start === end && this.chosen) this.askOfText({ do: "retype", id: this.chosen, type });
    else this.askOfText({ do: "add", start, end, type });
  }

  delete(id) {
    if (id) this.askOfText({ do: "remove", id });
  }

  press(event) {
    event.stopPropagation(); // a notebook has keys of its own
    const act = this.action(event);
    if (!act) return;
    event.preventDefault();
    act();
  }

  action(event) {
    const key = keyOf(event);
    if (event.target === this.text && key in MOVES) return () => this.move(event, ...MOVES[key]);
    if (event.altKey) return null;
    if (event.ctrlKey || event.metaKey) {
      if (key === "z") return () => this.askOfText({ do: event.shiftKey ? "redo" : "undo" });
      if (key === "y") return () => this.askOfText({ do: "redo" });
      if (key === "s") return () => this.ask({ do: "save" });
      return null;
    }
    if (event.target === this.select) return null; // letters and digits choose there
    if (/^[1-9]$/.test(key)) return () => this.annotate(Number(key) - 1);
    if (key === "Delete" || key === "Backspace") return () => this.delete(this.chosen);
    if (key === "n") return () => this.go(1);
    if (key === "p") return () => this.go(-1);
    if (key === "Escape") return () => this.choose("");
    return null;
  }

  move(event, direction, step) {
    const selection = document.getSelection();
    const { anchorNode, anchorOffset, focusNode, focusOffset } = selection;
    const far = step === "character" && (event.ctrlKey || event.altKey) ? "word" : step;
    selection.modify(event.shiftKey ? "extend" : "move", direction, far);
    if (this.holds() && this.text.contains(selection.focusNode)) {
      const range = document.createRange();
      range.setStart(selection.focusNode, selection.focusOffset);
      this.reveal(range.getClientRects()[0]);
      this.follow();
    } else selection.setBaseAndExtent(anchorNode, anchorOffset, focusNode, focusOffset); // the text ends here
  }
}

function render({ model, el }) {
  const page = new Page(model, el.appendChild(document.createElement("div")));
  return () => page.end();
}

export default { render };
