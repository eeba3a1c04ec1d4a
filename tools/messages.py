"""The catalogues of translated messages: `src/tidegate/web/locale/*/LC_MESSAGES/django.{po,mo}`.

    python tools/messages.py extract   # brings the .po files up to what the code and the rulebook say, and compiles
    python tools/messages.py compile   # writes the .mo files after a .po was edited
    python tools/messages.py check     # says what is missing or stale; ends with 1 when anything is

Messages come from the templates and Python of every room that people read (`ROOMS`), from the letters and time
limits of `tidegate.movements`, from the rejects of `tidegate.screening`, from what `tidegate.formats` says of a file,
and from the rulebook, whose English texts are message ids themselves. One catalogue holds them all: the rooms speak
one language on one page, and many texts are theirs together. GNU gettext is not needed: Django turns templates into
calls, `ast` reads calls, Babel reads and writes catalogues.
"""

from __future__ import annotations

import argparse
import ast
import io
import re
import struct
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import chain
from pathlib import Path

import yaml
from babel import Locale
from babel.messages.catalog import Catalog, Message
from babel.messages.pofile import read_po, write_po
from django.utils.translation.template import templatize

from tidegate.formats import messages as reading
from tidegate.law import Book, load_rulebook
from tidegate.law.institutions import institutions
from tidegate.screening import messages as core

ROOT = Path(__file__).resolve().parent.parent
SOURCE = ROOT / "src" / "tidegate"
LOCALE = SOURCE / "web" / "locale"
# The rooms whose texts people read, and whether every one of them must be translated. A text that only rooms marked
# False use may stay in English for a while: `check` does not refuse it. A new room starts as False.
ROOMS = {"web": True, "paper": True, "parties": True, "exchange": True, "movements": True}
# None of these languages has a plural form of its own.
LANGUAGES = {"vi": "Vietnamese", "th": "Thai", "id": "Indonesian", "ms": "Malay"}
DRAFT = "machine draft"
CLDR = "Unicode CLDR"
# Functions that mark a message, and the places of context, message and plural among their arguments.
CALLS: dict[str, tuple[int | None, int, int | None]] = {
    **dict.fromkeys(("_", "__", "gettext", "gettext_lazy", "gettext_noop"), (None, 0, None)),
    **dict.fromkeys(("ngettext", "ngettext_lazy"), (None, 0, 1)),
    **dict.fromkeys(("pgettext", "pgettext_lazy"), (0, 1, None)),
    **dict.fromkeys(("npgettext", "npgettext_lazy"), (0, 1, 2)),
}
# What Django's templatize leaves of a template: these calls among X's.
_TEMPLATE_CALL = re.compile(r"(?<![\w.])(?:_|n?p?gettext)\((?=\s*[uU]?['\"])")
# CLDR's short names are the ones that fit a list; where the book's name says more, its own name is kept.
_OWN_NAMES = {
    ("VN", "vi"): "Việt Nam",
    ("HK", "vi"): "Hồng Kông",
    ("HK", "th"): "ฮ่องกง",
    ("HK", "id"): "Hong Kong",
    ("HK", "ms"): "Hong Kong",
    ("MO", "vi"): "Ma Cao",
    ("MO", "th"): "มาเก๊า",
    ("MO", "id"): "Makau",
    ("MO", "ms"): "Macao",
    ("PS", "vi"): "Palestine",
    ("PS", "th"): "ปาเลสไตน์",
    ("PS", "id"): "Palestina",
    ("PS", "ms"): "Palestin",
}
Key = tuple[str | None, str, str | None]


@dataclass
class Found:
    """A message of the code or the book. `optional`: pages may show it in English (texts of single rules and time
    limits, and what only rooms use that need not be complete)."""

    context: str | None
    text: str
    plural: str | None = None
    places: set[str] = field(default_factory=set)
    optional: bool = False
    state: str = ""

    @property
    def key(self) -> Key:
        return (self.context, self.text, self.plural)


# ── the code ───────────────────────────────────────────────────────────────────────────────────────────────


def _texts(node: ast.expr) -> list[str]:
    """The constant texts that an argument may be: ``"a"``, or both of ``"a" if x else "b"``."""
    if isinstance(node, ast.IfExp):
        return _texts(node.body) + _texts(node.orelse)
    return [node.value] if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value else []


def _calls(tree: ast.AST) -> Iterator[Key]:
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        name = getattr(node.func, "attr", None) or getattr(node.func, "id", None)
        places = CALLS.get(name or "")
        if places is None or len(node.args) <= max(p for p in places if p is not None):
            continue
        context, text, plural = (None if p is None else node.args[p] for p in places)
        assert text is not None
        contexts = _texts(context) if context is not None else [None]
        plurals = _texts(plural) if plural is not None else [None]
        for one in _texts(text):
            for about in contexts:
                for many in plurals:
                    yield (about, one, many)


def in_python(path: Path) -> Iterator[Key]:
    yield from _calls(ast.parse(path.read_text(encoding="utf-8")))


def in_template(path: Path) -> Iterator[Key]:
    source = templatize(path.read_text(encoding="utf-8"), origin=str(path))
    for start in _TEMPLATE_CALL.finditer(source):
        # The call ends at the first bracket after which it is Python: a message may hold brackets itself.
        for end in re.finditer(r"\)", source[start.end() :]):
            try:
                tree = ast.parse(source[start.start() : start.end() + end.end()], mode="eval")
            except SyntaxError:
                continue
            yield from _calls(tree)
            break
        else:
            raise SyntaxError(f"{path}: a message that cannot be read: {source[start.start() :][:80]}")


def _in_screening(path: Path) -> Iterator[Key]:
    """What pages translate of the core's own words: what a reject says was expected, the text of an alert."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Dict):
            for name, value in zip(node.keys, node.values, strict=True):
                if isinstance(name, ast.Constant) and name.value == "text":
                    yield from ((None, text, None) for text in _texts(value))
        if isinstance(node, ast.Call) and getattr(node.func, "id", None) == "Reject" and len(node.args) > 2:
            for text in _texts(node.args[2]):
                yield (None, text, None)
    if path.name == "messages.py":
        # Sentences that are put together from values.
        yield from ((None, text, None) for text in (*core.MESSAGES, *reading.MESSAGES))


def _in_letters(path: Path) -> Iterator[Key]:
    """The words of a template of a letter; ``{name}`` stands for what a case fills in."""
    letter = yaml.safe_load(path.read_text(encoding="utf-8"))
    labels = (label for label, _name in letter["fields"])
    for text in (letter["title"], letter["basis"], *letter["paragraphs"], *labels):
        yield (None, text.strip(), None)


def _in_clocks(path: Path) -> Iterator[Key]:
    """What a time limit says: a text of law, as the texts of rules are."""
    yield from ((None, clock["text"], None) for clock in yaml.safe_load(path.read_text(encoding="utf-8"))["clocks"])


# ── the rulebook ───────────────────────────────────────────────────────────────────────────────────────────


def is_code(text: str) -> bool:
    """Codes and figures are the same in every language: R3, PE, 2022, pe_pp_pet."""
    return not re.search(r"[a-z]{2}", text) or (" " not in text and "_" in text)


def _in_book(book: Book) -> Iterator[Found]:
    rulebook = "tidegate/law/rulebook"

    def texts(place: str, *found: str, optional: bool = False) -> Iterator[Found]:
        for text in found:
            if text and not is_code(text):
                yield Found(None, text, None, {f"{rulebook}/{place}"}, optional)

    for fact in book.facts.values():
        yield from texts("facts.yaml", fact.label, fact.meaning, fact.unit)
        if fact.name not in ("operation", "material"):
            yield from texts("facts.yaml", *(value for value in fact.values if value not in ("True", "False", "false")))
    for paper in book.documents.values():
        yield from texts("documents.yaml", paper.name, paper.issuer, paper.meaning)
    for stream in book.streams.values():
        yield from texts("materials.yaml", stream.label)
    for state in book.states.values():
        yield Found(None, state.name, None, {f"{rulebook}/states.yaml"}, state=state.iso)
        for period in chain.from_iterable(state.groups.values()):
            yield from texts("states.yaml", period.note, optional=True)
    for heading in book.headings:
        yield from texts("hs.yaml", heading.title, optional=True)
    for rule in book.rules.values():
        place = Path(rule.source_file)
        name = f"states/{place.name}" if rule.state else place.name
        yield from texts(name, rule.text, rule.note, rule.penalty, optional=True)
    for record in filter(None, map(institutions, sorted(book.states))):
        # What a body decides; its name stays as it is written on a letter.
        bodies = [record[kind] for kind in ("environment", "trade", "customs") if kind in record]
        roles = [body.get("role", "") for body in (*bodies, *record.get("former", ()))]
        yield from texts("institutions.yaml", *roles, record.get("note", ""), optional=True)


# ── all messages ───────────────────────────────────────────────────────────────────────────────────────────


def messages(book: Book | None = None) -> dict[Key, Found]:
    """Every message that a page or a paper may look up, by (context, text, plural)."""
    out: dict[Key, Found] = {}

    def add(new: Found) -> None:
        old = out.setdefault(new.key, new)
        old.places |= new.places
        old.optional = old.optional and new.optional
        old.state = old.state or new.state

    def files(room: str, ending: str) -> Iterable[Path]:
        found = (SOURCE / room).rglob(f"*{ending}")
        return sorted(p for p in found if not {"vendor", "migrations", "static"} & set(p.parts))

    def take(read: Callable[[Path], Iterator[Key]], paths: Iterable[Path], *, optional: bool = False) -> None:
        for path in paths:
            for key in read(path):
                add(Found(*key, places={path.relative_to(SOURCE.parent).as_posix()}, optional=optional))

    for room, complete in ROOMS.items():
        take(in_python, files(room, ".py"), optional=not complete)
        take(in_template, files(room, ".html"), optional=not complete)
        take(in_template, files(room, ".txt"), optional=not complete)
    take(_in_letters, files("movements/letters/templates", ".yaml"), optional=not ROOMS["movements"])
    take(_in_clocks, [SOURCE / "movements" / "clocks.yaml"], optional=True)
    take(_in_screening, files("screening", ".py"))
    # A plural's singular is the same entry as the plain message of that text: gettext knows only one of them.
    for found in _in_book(book or load_rulebook()):
        add(found)
    plurals = {(c, t): key for key in out for c, t, p in [key] if p is not None}
    for key in [k for k in out if k[2] is None and (k[0], k[1]) in plurals]:
        out[plurals[key[0], key[1]]].places |= out.pop(key).places
    return out


def catalogue_of(language: str) -> Catalog:
    """The catalogue as it lies in the tree; a new one when there is none."""
    path = po(language)
    if not path.exists():
        return Catalog(locale=language, domain="django")
    with path.open("rb") as file:
        return read_po(file, locale=language, domain="django", abort_invalid=True)


def po(language: str) -> Path:
    return LOCALE / language / "LC_MESSAGES" / "django.po"


def header(language: str, draft: str, revised: str) -> str:
    """The catalogue's first entry: Babel would leave out what it does not know."""
    return (
        f"Project-Id-Version: tidegate\nPO-Revision-Date: {revised}\nLanguage: {language}\n"
        "MIME-Version: 1.0\nContent-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 8bit\n"
        f"Plural-Forms: nplurals=1; plural=0;\nX-Tidegate-Draft: {draft}\n"
    )


def heading(language: str) -> dict[str, str]:
    """The fields of the header of the .po in the tree; empty when there is none."""
    if not po(language).exists():
        return {}
    top = po(language).read_text(encoding="utf-8").partition("\n\n")[0]
    return dict(re.findall(r'^"([\w-]+): (.*)\\n"$', top, re.M))


def compiled(language: str) -> bytes:
    """The .mo of the .po in the tree: the same bytes for the same texts, whatever wrote them."""
    fields = heading(language)
    entries = {"": header(language, fields["X-Tidegate-Draft"], fields["PO-Revision-Date"])}
    for message in catalogue_of(language):
        if message.id and not message.fuzzy and all(strings(message)):
            name = "\0".join(message.id) if isinstance(message.id, (list, tuple)) else message.id
            entries[f"{message.context}\x04{name}" if message.context else name] = "\0".join(strings(message))
    pairs = sorted((name.encode(), text.encode()) for name, text in entries.items())
    # Magic number, revision, count, places of the two tables, an empty hash table; then the tables and the texts.
    start = 28
    place = start + 16 * len(pairs)
    tables, body = [b"", b""], b""
    for side in (0, 1):
        for pair in pairs:
            tables[side] += struct.pack("<II", len(pair[side]), place + len(body))
            body += pair[side] + b"\0"
    head = struct.pack("<7I", 0x950412DE, 0, len(pairs), start, start + 8 * len(pairs), 0, place)
    return head + tables[0] + tables[1] + body


def written(catalogue: Catalog, language: str, draft: str, revised: str) -> bytes:
    """The .po of a catalogue."""
    lines = "".join(f'"{line}\\n"\n' for line in header(language, draft, revised).splitlines())
    top = (
        f"# {LANGUAGES[language]} texts of Tidegate's pages and papers. Apache-2.0.\n"
        f"# An entry marked “{DRAFT}” has been read by no speaker of the language yet: see\n"
        "# docs/contributing/translations.md. Written by tools/messages.py; edit the msgstr lines only.\n"
        f'msgid ""\nmsgstr ""\n{lines}\n'
    )
    out = io.BytesIO()
    write_po(out, catalogue, width=110, include_lineno=False, omit_header=True)
    return top.encode() + out.getvalue()


def country(iso: str, language: str, fallback: str) -> str:
    """The name of a State or territory: ours where CLDR's is longer than the book's, else CLDR's."""
    return _OWN_NAMES.get((iso, language)) or Locale(language).territories.get(iso, fallback)


def update(language: str, found: dict[Key, Found]) -> Catalog:
    """The catalogue with exactly these messages, in their order; translations that it has are kept."""
    old = catalogue_of(language)
    kept: dict[Key, Message] = {}
    for message in old:
        if message.id:
            one, many = message.id if isinstance(message.id, (list, tuple)) else (message.id, None)
            kept[message.context, one, many] = message
    new = Catalog(locale=language, domain="django", fuzzy=False)
    new.mime_headers = [("Plural-Forms", "nplurals=1; plural=0;")]
    for key, wanted in found.items():
        context, text, plural = key
        before = kept.get(key)
        string = next(iter(strings(before)), "") if before else ""
        comments = list(before.user_comments) if before else []
        if not string and wanted.state:
            string, comments = country(wanted.state, language, text), [CLDR]
        new.add(
            (text, plural) if plural is not None else text,
            (string,) if plural is not None else string,
            locations=[(place, 0) for place in sorted(wanted.places)],
            user_comments=comments,
            context=context,
        )
    return new


def _key_order(item: tuple[Key, Found]) -> tuple[bool, str, str, str]:
    (context, text, _plural), found = item
    place = min(found.places)
    return ("rulebook" in place, place, text, context or "")


def store(language: str, catalogue: Catalog) -> bool:
    """Write .po and .mo where they say something new; True when they did."""
    path = po(language)
    old = heading(language)
    draft = old.get("X-Tidegate-Draft", "yes")
    body = written(catalogue, language, draft, old.get("PO-Revision-Date", ""))
    changed = not path.exists() or path.read_bytes() != body
    if changed:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(written(catalogue, language, draft, f"{datetime.now(UTC):%Y-%m-%d %H:%M}+0000"))
    return compile_(language) or changed


def compile_(language: str) -> bool:
    """Write the .mo from the .po; True when it changed."""
    target = po(language).with_suffix(".mo")
    body = compiled(language)
    if target.exists() and target.read_bytes() == body:
        return False
    target.write_bytes(body)
    return True


def complaints(language: str, found: dict[Key, Found]) -> Iterator[str]:
    """What is wrong with a catalogue, in sentences."""
    if not po(language).exists():
        yield f"{language}: there is no {po(language).relative_to(ROOT)}"
        return
    catalogue = catalogue_of(language)
    if po(language).with_suffix(".mo").read_bytes() != compiled(language):
        yield f"{language}: the .mo is not the compiled .po; run tools/messages.py compile"
    held: dict[Key, Message] = {}
    for message in catalogue:
        if message.id:
            one, many = message.id if isinstance(message.id, (list, tuple)) else (message.id, None)
            held[message.context, one, many] = message
            yield from (f"{language}: {one!r}: {fault}" for fault in faults(message))
    for key, wanted in found.items():
        if key not in held:
            yield f"{language}: not in the catalogue: {key[1]!r} ({min(wanted.places)})"
        elif not wanted.optional and not any(strings(held[key])):
            yield f"{language}: not translated: {key[1]!r} ({min(wanted.places)})"
    yield from (f"{language}: no longer used: {key[1]!r}" for key in held if key not in found)


def clashes(found: Iterable[Key]) -> Iterator[str]:
    """gettext finds a plural by its singular alone: two plurals of one singular would say each other's text."""
    plurals: dict[tuple[str | None, str], set[str]] = {}
    for context, text, plural in found:
        if plural is not None:
            plurals.setdefault((context, text), set()).add(plural)
    for (_context, text), many in sorted(plurals.items(), key=lambda item: item[0][1]):
        if len(many) > 1:
            yield f"{text!r} has more than one plural: {', '.join(map(repr, sorted(many)))}"


def strings(message: Message) -> tuple[str, ...]:
    given = message.string
    return tuple(given) if isinstance(given, (list, tuple)) else (given or "",)


_PLACEHOLDER = re.compile(r"%\([\w.]+\)[a-z]|%%|\{\w*\}|`[^`]*`|</?[a-z][^<>]*>")


def faults(message: Message) -> Iterator[str]:
    """What a translation may not do: lose a placeholder, a tag or a code in backquotes, or add one; lose the colon
    that ends a text before what it announces."""
    if message.fuzzy:
        yield "marked fuzzy, so it would not be compiled"
    ids = tuple(message.id) if isinstance(message.id, (list, tuple)) else (message.id,)
    allowed = [sorted(_PLACEHOLDER.findall(one)) for one in ids]
    for string in strings(message):
        if string and sorted(_PLACEHOLDER.findall(string)) not in allowed:
            yield f"placeholders differ in {string!r}"
        if string and string != string.strip() and all(one == one.strip() for one in ids):
            yield f"blank at an end of {string!r}"
        if string and string.endswith(":") not in {one.endswith(":") for one in ids}:
            yield f"a colon ends only one of the two: {string!r}"


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Bring the catalogues of translated messages up to date.")
    parser.add_argument("verb", choices=("extract", "compile", "check"))
    verb = parser.parse_args(arguments).verb
    if verb == "compile":
        for language in LANGUAGES:
            print(f"{language}: {'compiled' if compile_(language) else 'as it was'}")
        return 0
    found = dict(sorted(messages().items(), key=_key_order))
    if verb == "check":
        wrong = [*clashes(found), *(line for language in LANGUAGES for line in complaints(language, found))]
        print("\n".join(wrong) or f"{len(found)} messages, all in place")
        return bool(wrong)
    for language in LANGUAGES:
        catalogue = update(language, found)
        changed = store(language, catalogue)
        open_ = [m for m in catalogue if m.id and not any(strings(m))]
        print(f"{language}: {len(found)} messages, {len(open_)} open{'' if changed else ', nothing new'}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
