"""Reads the rulebook's YAML into one `Book`, overlays laid on top, cached by the hash of every byte.

The folder is content-driven: a file may hold any of the tables below, so an overlay may carry one emergency rule,
a new State, or a whole new waste stream. A record with a known key replaces the shipped one.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

from tidegate.law.conditions import ConditionError, parse, parse_all
from tidegate.law.records import (
    CONFIDENCES,
    EVENTS,
    KINDS,
    REGIMES,
    ROLES,
    STATUSES,
    Book,
    DocumentKind,
    Fact,
    Heading,
    Parameter,
    Period,
    Polymers,
    Requirement,
    Rule,
    State,
    Stream,
)

SHIPPED = Path(__file__).with_name("rulebook")
CACHE_FORMAT = "2"
DEFAULT_EVENT = {"import": "arrived", "export": "departed", "transit": "arrived", None: "departed"}
PLACES = ("import", "export", "transit", "here", "counterpart")
TABLES = {
    "states": "iso",
    "facts": "name",
    "documents": "kind",
    "headings": "code",
    "streams": "material",
    "parameters": "name",
    "editions": "edition",
}
# what may stand at the top of a file; the last three are time limits, which the control of movements reads
HEADS = frozenset(
    (*TABLES, "rules", "defaults", "state", "layer", "version", "polymers", "groups", "entries", "addresses",
     "institutions", "clocks", "waivers", "weekends")
)  # fmt: skip
HS_WORD = re.compile(r"any|listed|\d{2,10}")


class RulebookError(ValueError):
    """The rulebook cannot be read: names the file, the record, the field, and what was expected."""


def default_overlays() -> tuple[Path, ...]:
    """Folders named by TIDEGATE_RULEBOOK (separated as PATH is), laid over the shipped book in that order."""
    raw = os.environ.get("TIDEGATE_RULEBOOK", "")
    return tuple(Path(part) for part in raw.split(os.pathsep) if part)


def load_rulebook(overlays: Sequence[str | os.PathLike[str]] | None = None) -> Book:
    """The shipped rulebook with `overlays` (folders) laid over it.

    Without an argument the folders of TIDEGATE_RULEBOOK are used. Raises RulebookError.
    """
    folders = tuple(Path(o) for o in (default_overlays() if overlays is None else overlays))
    for folder in folders:
        if not folder.is_dir():
            raise RulebookError(f"rulebook overlay {folder}: no such folder")
        if other := next(folder.rglob("*.yml"), None):
            raise RulebookError(f"{other}: would not be read, expected a name that ends in .yaml")
    files: list[tuple[str, bytes]] = []
    for label, root in [("", SHIPPED)] + [(f"overlay{n + 1}/", f) for n, f in enumerate(folders)]:
        for path in sorted(root.rglob("*.yaml")):
            if {"scenarios", "proposals"} & set(path.relative_to(root).parts):
                continue  # scenarios test the law, proposals are not law yet
            files.append((label + path.relative_to(root).as_posix(), path.read_bytes()))
    digest = hashlib.sha256()
    for name, content in files:
        digest.update(name.encode() + b"\0" + hashlib.sha256(content).digest())
    try:
        return _build(digest.hexdigest(), tuple(files), tuple(str(f) for f in folders))
    except RulebookError as error:
        # Names in the hash do not depend on where a folder lies; whoever has to mend a file needs to find it.
        said = str(error)
        for number, folder in reversed(list(enumerate(folders, start=1))):
            said = said.replace(f"overlay{number}/", f"{folder}/")
        raise RulebookError(said) from error


@lru_cache(maxsize=8)
def _build(digest: str, files: tuple[tuple[str, bytes], ...], overlays: tuple[str, ...]) -> Book:
    documents = _cached_documents(digest, files)
    tables: dict[str, dict[str, Any]] = {name: {} for name in TABLES}
    rules: dict[str, Rule] = {}
    polymers: dict[str, Any] = {}
    version = "0"
    for (name, _), document in zip(files, documents, strict=True):
        if not isinstance(document, Mapping):
            raise RulebookError(f"{name}: expected a mapping at the top, found {type(document).__name__}")
        if unknown := document.keys() - HEADS:
            raise RulebookError(
                f"{name}: {min(unknown, key=str)!r} is no table of a rulebook, expected {_listed(HEADS)}"
            )
        version = str(document.get("version", version))
        polymers.update(document.get("polymers") or {})
        seen: dict[str, int] = {}
        for table, key in TABLES.items():
            for record in document.get(table) or ():
                if not isinstance(record, Mapping) or key not in record:
                    raise RulebookError(f"{name}: a record of `{table}` has no `{key}`: {record!r}")
                identity = str(record[key])
                if table == "parameters":
                    # several values of one parameter stand side by side: by group of States and date
                    seen[identity] = seen.get(identity, 0) + 1
                    identity = f"{identity}:{name.removeprefix('overlay1/')}:{seen[identity]}"
                if table == "facts":
                    previous = tables[table].get(identity)
                    record = {**record, "order": previous["order"] if previous else len(tables[table])}
                tables[table][identity] = {**record, "_file": name}
        defaults = document.get("defaults") or {}
        listed = document.get("rules") or ()
        if not isinstance(listed, (list, tuple)) or not all(isinstance(raw, Mapping) for raw in listed):
            raise RulebookError(f"{name}: `rules` expects a list of mappings, each with an `id`")
        for raw in listed:
            replaced = rules.get(str(raw.get("id")))
            rule = _rule({**defaults, **raw}, document, name, replaced.order if replaced else len(rules))
            if replaced is not None and replaced.source_file == name:
                raise RulebookError(f"{name}: rule {rule.id} stands there twice, expected an id of its own for each")
            rules[rule.id] = rule
    for rule in rules.values():
        if rule.state is not None and rule.state not in tables["states"]:
            raise RulebookError(f"{rule.source_file}: state is {rule.state!r}, expected a State as ISO 3166-1 alpha-2")
    try:
        return Book(
            version=version,
            hash=digest,
            rules=rules,
            facts={k: _fact(v) for k, v in tables["facts"].items()},
            documents={k: _document(v) for k, v in tables["documents"].items()},
            states={k: _state(v) for k, v in tables["states"].items()},
            headings=tuple(_heading(v) for v in tables["headings"].values()),
            editions=tuple(sorted(((k, _date(v["from"])) for k, v in tables["editions"].items()))),  # type: ignore[misc]
            streams={k: _stream(v) for k, v in tables["streams"].items()},
            polymers=_polymers(polymers),
            parameters=tuple(_parameter(v) for v in tables["parameters"].values()),
            overlays=overlays,
        )
    except (KeyError, TypeError, ValueError) as error:
        raise RulebookError(f"rulebook: a table record cannot be read: {error!r}") from error


# ── reading ────────────────────────────────────────────────────────────────────────────────────────────────


def _cached_documents(digest: str, files: Iterable[tuple[str, bytes]]) -> list[Any]:
    """The parsed YAML, from the cache when every byte is as it was: YAML costs a second, JSON a hundredth."""
    path = _cache_dir() / f"rulebook-{CACHE_FORMAT}-{digest[:32]}.json"
    try:
        return list(json.loads(path.read_bytes()))
    except (OSError, ValueError):
        pass
    documents = [_parsed(name, content) for name, content in files]
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile("w", dir=path.parent, delete=False) as handle:
            handle.write(json.dumps(documents))
        os.replace(handle.name, path)
    except OSError:
        pass  # a read-only home only costs time
    return documents


@lru_cache(maxsize=512)
def _parsed(name: str, content: bytes) -> Any:
    """One file's YAML with its days as text; kept, so that one more overlay costs only its own files."""
    return json.loads(json.dumps(parse_yaml(name, content), default=str))


def _cache_dir() -> Path:
    explicit = os.environ.get("TIDEGATE_CACHE_DIR")
    if explicit:
        return Path(explicit)
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "tidegate"


def parse_yaml(name: str, content: bytes) -> Any:
    """The document in YAML text, read by a safe loader. Raises RulebookError, which names the file (`name`)."""
    import yaml  # only here: a warm start never imports it

    try:
        return yaml.load(content, Loader=_strict_loader())  # noqa: S506 - a Safe loader
    except (yaml.YAMLError, ValueError, RecursionError) as error:  # ValueError: a day that does not exist
        raise RulebookError(f"{name}: not readable as YAML: {error}") from error


@cache
def _strict_loader() -> Any:
    """A safe loader that refuses a key given twice: YAML takes the last, and what the first said would be lost."""
    import yaml

    safe: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

    class Strict(safe):
        def construct_mapping(self, node: Any, deep: bool = False) -> Any:
            keys = [key.value for key, _ in node.value if isinstance(key, yaml.ScalarNode)]
            if twice := next((key for n, key in enumerate(keys) if key in keys[:n]), None):
                raise yaml.constructor.ConstructorError(None, None, f"{twice!r} is given twice", node.start_mark)
            return super().construct_mapping(node, deep)

    return Strict


# ── records ────────────────────────────────────────────────────────────────────────────────────────────────

RULE_FIELDS = frozenset(
    "id role kind status confidence alert_only from to dates event hs basel suspects when fails unless exempts "
    "documents needs verify text instrument url checked note summary regime displaces penalty".split()
)


def _rule(raw: Mapping[str, Any], document: Mapping[str, Any], name: str, order: int) -> Rule:
    where = f"{name}: rule {raw.get('id', '(no id)')}"

    def fail(field: str, value: Any, expected: str) -> RulebookError:
        return RulebookError(f"{where}: {field} is {value!r}, expected {expected}")

    unknown = set(raw) - RULE_FIELDS
    if unknown:
        raise fail(sorted(unknown)[0], raw[sorted(unknown)[0]], f"one of {_listed(RULE_FIELDS)}")
    state, layer = document.get("state"), document.get("layer", "national")
    if layer == "national" and not state:
        raise RulebookError(f"{name}: a file of rules needs `state: XX` or `layer: basel`")
    role = raw.get("role")
    kind = raw.get("kind", "regime" if layer != "national" else None)
    for field, value, allowed in (
        ("role", role, (*ROLES, None) if layer != "national" else ROLES),
        ("kind", kind, KINDS),
        ("status", raw.get("status", "gazetted"), STATUSES),
        ("confidence", raw.get("confidence"), CONFIDENCES),
        ("dates", raw.get("dates", "seen"), ("seen", "inferred", "not_seen")),
        ("event", raw.get("event", DEFAULT_EVENT.get(role, "arrived")), EVENTS),
        ("regime", raw.get("regime"), (*REGIMES, None)),
    ):
        if value not in allowed:
            raise fail(field, value, "one of " + ", ".join(str(a) for a in allowed))
    for field in ("id", "text", "instrument"):
        if not raw.get(field):
            raise fail(field, raw.get(field), "some text")
    for word in _words(raw.get("hs")):
        if not HS_WORD.fullmatch(word):
            raise fail("hs", word, "2 to 10 digits of a code, any or listed")
    begins, ends = raw.get("from"), raw.get("to")
    if begins is not None and ends is not None and str(ends) < str(begins):
        raise fail("to", str(ends), f"a day not before from, {begins}")
    try:
        return Rule(
            id=str(raw["id"]),
            layer=layer,
            state=str(state) if state else None,
            role=role,
            kind=str(kind),
            status=raw.get("status", "gazetted"),
            confidence=raw["confidence"],
            valid_from=_date(raw.get("from")),
            valid_to=_date(raw.get("to")),
            dates=raw.get("dates", "seen"),
            event=raw.get("event", DEFAULT_EVENT.get(role, "arrived")),
            hs=_words(raw.get("hs", ["any"])),
            basel=_words(raw.get("basel", ["any"])),
            text=" ".join(str(raw["text"]).split()),
            instrument=str(raw["instrument"]),
            url=str(raw.get("url", "")),
            checked=_date(raw.get("checked")) or date(1, 1, 1),
            note=" ".join(str(raw.get("note") or "").split()),
            penalty=" ".join(str(raw.get("penalty") or "").split()),
            when=parse_all(raw.get("when")),
            fails=tuple(parse(c) for c in raw.get("fails") or ()),
            unless=tuple(parse(c) for c in raw.get("unless") or ()),
            suspects=_words(raw.get("suspects", [])),
            documents=tuple(_requirement(d) for d in raw.get("documents") or ()),
            needs=_words(raw.get("needs", [])),
            verify=_words(raw.get("verify", [])),
            exempts=_words(raw.get("exempts", [])),
            regime=raw.get("regime"),
            displaces=raw.get("displaces"),
            alert_only=bool(raw.get("alert_only", False)),
            summary=raw.get("summary") or {},
            source_file=name,
            order=order,
        )
    except (ConditionError, KeyError, TypeError, ValueError) as error:
        raise RulebookError(f"{where}: {error}") from error


def _requirement(raw: Any) -> Requirement:
    if isinstance(raw, str):
        raw = {"kind": raw}
    if not isinstance(raw, Mapping) or not ("any" in raw or "kind" in raw):
        raise ValueError(f"found {raw!r} among the documents, expected a `kind`, or `any` of several")
    kinds = tuple(raw["any"]) if "any" in raw else (raw["kind"],)
    for kind in kinds:
        _, colon, who = str(kind).partition(":")
        if colon and who not in PLACES and not (len(who) == 2 and who.isupper()):
            raise ValueError(f"document {kind!r}: expected {', '.join(PLACES)} or a State after the colon")
    known = {"any", "kind", "term", "renewals", "standard", "value_by_tonnes", "when", "old", "longest", "outside"}
    unknown = set(raw) - known
    if unknown:
        raise ValueError(f"a document requirement does not know {sorted(unknown)}")
    term, renewals, old = raw.get("term") or {}, raw.get("renewals") or {}, raw.get("old") or {}
    steps = tuple(
        (Decimal(str(s["below"])) if "below" in s else None, Decimal(str(s["value"])))
        for s in raw.get("value_by_tonnes") or ()
    )
    return Requirement(
        kinds=kinds,
        when=parse_all(raw.get("when")),
        term_days=term.get("days"),
        term_years=term.get("years"),
        renewals_max=renewals.get("max"),
        renewal_days=renewals.get("days"),
        standards=_words(raw.get("standard", [])),
        value_by_tonnes=steps,
        old_before=_date(old.get("issued_before")),
        old_until=_date(old.get("until")),
        longest_years=(raw.get("longest") or {}).get("years"),
        outside=str(raw.get("outside") or ""),
    )


def _listed(words: Iterable[str]) -> str:
    return ", ".join(sorted(words))


def _words(value: Any) -> tuple[str, ...]:
    if value is None:
        return ()
    return tuple(str(v) for v in value) if isinstance(value, (list, tuple)) else (str(value),)


def _date(value: Any) -> date | None:
    if value is None or isinstance(value, date):
        return value
    return date.fromisoformat(str(value))


def _fact(raw: Mapping[str, Any]) -> Fact:
    return Fact(
        name=raw["name"],
        type=raw["type"],
        by=raw["by"],
        label=raw.get("label", raw["name"]),
        meaning=" ".join(str(raw.get("meaning", "")).split()),
        values=_words(raw.get("values", [])),
        unit=str(raw.get("unit", "")),
        group=raw.get("group", ""),
        order=raw["order"],
    )


def _document(raw: Mapping[str, Any]) -> DocumentKind:
    return DocumentKind(
        kind=raw["kind"],
        name=raw["name"],
        issuer=raw.get("issuer", ""),
        meaning=" ".join(str(raw.get("meaning", "")).split()),
        dated=bool(raw.get("dated", False)),
        per_state=bool(raw.get("per_state", False)),
        has=_words(raw.get("has", [])),
    )


def _state(raw: Mapping[str, Any]) -> State:
    groups = {
        group: tuple(
            Period(_date(p.get("from")), _date(p.get("to")), p.get("confidence", "medium"), p.get("note", "") or "")
            for p in periods
        )
        for group, periods in (raw.get("groups") or {}).items()
    }
    return State(
        iso=raw["iso"],
        iso3=raw.get("iso3", ""),
        name=raw["name"],
        lat=float(raw.get("lat", 0)),
        lon=float(raw.get("lon", 0)),
        groups=groups,
        part_of=raw.get("part_of"),
        sources=_words(raw.get("sources", [])),
    )


def _heading(raw: Mapping[str, Any]) -> Heading:
    return Heading(
        code=str(raw["code"]),
        editions=_words(raw.get("editions", [])),
        title=raw["title"],
        candidates=_words(raw.get("candidates", [])),
        waste=raw.get("waste", "possible"),
        polymer=raw.get("polymer"),
        material=raw.get("material"),
        note=raw.get("note", "") or "",
        source=raw.get("source", "") or "",
        confidence=raw.get("confidence", "medium"),
    )


def _stream(raw: Mapping[str, Any]) -> Stream:
    entries = tuple(
        (e["entry"], e.get("hazardous"), _words(e.get("not_operations", []))) for e in raw.get("entries") or ()
    )
    return Stream(
        material=raw["material"],
        label=raw.get("label", raw["material"]),
        plastic=bool(raw.get("plastic", False)),
        entries=entries,
        deserves={str(k): str(v) for k, v in (raw.get("deserves") or {}).items()},
        source=raw.get("source", ""),
        also=_words(raw.get("also", [])),
        plastics_max_pct=None if (most := raw.get("plastics_max_pct")) is None else Decimal(str(most)),
    )


def _polymers(raw: Mapping[str, Any]) -> Polymers:
    return Polymers(
        grades=dict(raw.get("grades") or {}),
        hs={str(k): str(v) for k, v in (raw.get("hs") or {}).items()},
        **{
            name: frozenset(raw.get(name) or ())
            for name in ("non_halogenated", "halogenated", "cured", "fluoro", "mixable", "b3010_excluded")
        },
    )


def _parameter(raw: Mapping[str, Any]) -> Parameter:
    return Parameter(
        name=raw["name"],
        value=Decimal(str(raw["value"])),
        unit=raw.get("unit", ""),
        states=_words(raw.get("states", [])),
        start=_date(raw.get("from")),
        end=_date(raw.get("to")),
        confidence=raw.get("confidence", "medium"),
        source=raw.get("source", ""),
        note=raw.get("note", "") or "",
    )
