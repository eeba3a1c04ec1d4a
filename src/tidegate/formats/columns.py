"""Column maps: a YAML file that says which column of somebody else's table is which field of the contract.

    name: example
    description: What the table is and where it comes from.
    # how to read the file, where it should not be found out; all optional
    source: {format: csv, encoding: cp874, delimiter: ";", sheet: Data, header_row: 3}
    columns:
      Declaration No: id                            # short form: source column → field
      วันที่: {to: date, dates: ["%d/%m/%Y"], calendar: buddhist}
      Net (MT): {to: net_kg, unit: t}
      Moved by: {to: facts.mode, values: {"10": sea}, otherwise: empty, pass_through: true}
      Notes: null                                   # never a field, even if it is named like one
    constants: {import: TH, currency: THB}          # fill the field wherever a row has no value of its own
    templates: {id: "{Year}-{Office}-{Number}"}     # a field put together from source columns
    documents: {C669: NOTIFICATION}                 # codes of attached papers (ASYCUDA) → document kinds

Columns that the map does not name are passed through, as fields where they have exactly a contract name.
What a rule may say beside `to` is listed at `ColumnRule`. A value that a rule cannot turn rejects its row.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from importlib import resources
from pathlib import Path
from typing import Any

import yaml

from tidegate.formats import fields
from tidegate.formats.cells import cell_text
from tidegate.formats.conversions import Conversion, compile_conversion
from tidegate.formats.rejects import FormatError, RowError

_PLACE = re.compile(r"\{([^{}]+)\}")
_MAP_KEYS = frozenset(
    (
        "name",
        "description",
        "source",
        "columns",
        "constants",
        "templates",
        "documents",
        "licence_kind",
        "comment",
    )
)
_SOURCE_KEYS = frozenset(("format", "encoding", "delimiter", "sheet", "header_row", "date_order"))
_RULE_KEYS = frozenset(
    (
        "to", "values", "otherwise", "dates", "day", "calendar", "unit", "unit_from", "decimal", "thousands",
        "convert", "pad", "split", "empty", "when", "fallback", "pass_through", "optional", "comment",
    )
)  # fmt: skip
_MAP_FOLDER = "maps"


@dataclass(frozen=True, slots=True)
class ColumnRule:
    """What becomes of one source column.

    `to`: the fields it fills. `when`: source columns and the values that they must have for the rule to
    hold. `fallback`: only fills a field that an earlier rule has left empty. `pass_through`: the source
    column is kept as well. `optional`: the file need not have the column. `convert` turns the value (see
    `conversions`).
    """

    to: tuple[str, ...]
    convert: Conversion
    when: tuple[tuple[str, frozenset[str]], ...] = ()
    fallback: bool = False
    pass_through: bool = False
    optional: bool = False


@dataclass(frozen=True, slots=True)
class Guess:
    """Why a column was taken for a field: `confidence` from 0 to 1, `reason` a sentence to show."""

    column: str
    field: str
    confidence: float
    reason: str


@dataclass(frozen=True, slots=True)
class SourceOptions:
    """How the file is to be read, where it should not be found out."""

    format: str | None = None
    encoding: str | None = None
    delimiter: str | None = None
    sheet: str | None = None
    header_row: int | None = None
    date_order: str | None = None


@dataclass
class ColumnMap:
    """A column map, ready to be applied. Make one with `load_map` or `guess_map`."""

    name: str = "map"
    description: str = ""
    source: SourceOptions = SourceOptions()
    rules: dict[str, tuple[ColumnRule, ...]] = field(default_factory=dict)
    constants: dict[str, str] = field(default_factory=dict)
    templates: dict[str, str] = field(default_factory=dict)
    documents: dict[str, str] = field(default_factory=dict)
    licence_kind: str | None = None
    guesses: tuple[Guess, ...] = ()
    definition: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._by_key = {_key(column): rules for column, rules in self.rules.items()}
        self._places: dict[str, tuple[ColumnRule, ...] | None] = {}

    @property
    def targets(self) -> frozenset[str]:
        """Every contract field that the map can fill."""
        named = {target for rules in self.rules.values() for rule in rules for target in rule.to}
        return frozenset(named | set(self.constants) | set(self.templates))

    @property
    def missing_fields(self) -> tuple[str, ...]:
        """Required fields of the contract that nothing in the map fills (a column of that very name still
        may)."""
        return tuple(name for name in fields.REQUIRED if name not in self.targets)

    def missing_columns(self, headers: Iterable[str]) -> list[str]:
        """Columns that the map needs and the table does not have."""
        have = {_key(header) for header in headers}
        needed = [c for c, rules in self.rules.items() if rules and not all(rule.optional for rule in rules)]
        needed += [c for template in self.templates.values() for c in _PLACE.findall(template)]
        return sorted({column for column in needed if _key(column) not in have})

    def apply(self, row: Mapping[str, Any]) -> dict[str, Any]:
        """A row of source columns as a flat row of contract fields and passed-through columns.

        Raises `RowError` for a value that its rule cannot turn.
        """
        out: dict[str, Any] = {}
        later: list[tuple[ColumnRule, Any]] = []
        kept: list[tuple[str, Any]] = []
        for column, value in row.items():
            rules = self.rules_for(column)
            if rules is None:
                kept.append((column, value))
                continue
            if not rules or any(rule.pass_through for rule in rules):
                kept.append((free_name(column), value))
            for rule in rules:
                if rule.when and not self._holds(rule, row):
                    continue
                if rule.fallback:
                    later.append((rule, value))
                else:
                    self._fill(out, rule, value, row)
        for rule, value in later:
            if any(out.get(target) in (None, "") for target in rule.to):
                self._fill(out, rule, value, row, only_empty=True)
        for target, template in self.templates.items():
            if out.get(target) in (None, ""):
                out[target] = self._from_template(template, row)
        for column, value in kept:
            name = column if column not in out else f"source.{column}"
            out[name] = value
        for target, constant in self.constants.items():
            if out.get(target) in (None, ""):
                out[target] = constant
        return out

    def rules_for(self, column: str) -> tuple[ColumnRule, ...] | None:
        """The rules for a source column; None where the map does not name it, empty where it is never a
        field."""
        try:
            return self._places[column]
        except KeyError:
            found = self._by_key.get(_key(column))
            if len(self._places) < 10_000:
                self._places[column] = found
            return found

    def _holds(self, rule: ColumnRule, row: Mapping[str, Any]) -> bool:
        return all(self._cell(row, column).strip() in values for column, values in rule.when)

    def _cell(self, row: Mapping[str, Any], column: str) -> str:
        if column in row:
            return cell_text(row[column], column)
        key = _key(column)
        return next((cell_text(value, column) for name, value in row.items() if _key(name) == key), "")

    def _fill(
        self,
        out: dict[str, Any],
        rule: ColumnRule,
        value: Any,
        row: Mapping[str, Any],
        *,
        only_empty: bool = False,
    ) -> None:
        unit = self._cell(row, rule.convert.unit_from) if rule.convert.unit_from else None
        turned = rule.convert(rule.to[0], value, unit)
        if turned is None or turned == "":
            return
        for target in rule.to:
            have = out.get(target)
            if have in (None, ""):
                out[target] = turned
            elif not only_empty and have != turned:
                expected = f"the same as {cell_text(have)!r}, which another column of the map has put there"
                raise RowError(target, cell_text(value, target), expected)

    def _from_template(self, template: str, row: Mapping[str, Any]) -> str | None:
        parts = {column: self._cell(row, column).strip() for column in _PLACE.findall(template)}
        if not all(parts.values()):
            return None
        return _PLACE.sub(lambda match: parts[match[1]], template)

    def to_yaml(self) -> str:
        """The map as a file that `load_map` reads; the reasons of guesses become comments."""
        text = yaml.safe_dump(self.definition, allow_unicode=True, sort_keys=False, width=110)
        notes = "".join(
            f"# {guess.column} → {guess.field} ({guess.confidence:.0%}): {guess.reason}\n" for guess in self.guesses
        )
        return notes + text


def _key(column: str) -> str:
    return " ".join(column.split()).casefold()


def free_name(column: str) -> str:
    """A name for a column that is kept beside what was made of it, and must not be taken for a field
    itself."""
    return f"source.{column}" if fields.canonical(column) else column


# ---------------------------------------------------------------- loading


def shipped_maps() -> dict[str, str]:
    """The maps that come with Tidegate: name → description."""
    folder = resources.files("tidegate.formats").joinpath(_MAP_FOLDER)
    names = sorted(file.name.removesuffix(".yaml") for file in folder.iterdir() if file.name.endswith(".yaml"))
    return {name: load_map(name).description for name in names}


def load_map(source: str | Path | Mapping[str, Any] | ColumnMap) -> ColumnMap:
    """A map from a YAML file, from the name of a shipped one (`korea-synthetic`), or from its parsed
    content."""
    if isinstance(source, ColumnMap):
        return source
    if isinstance(source, Mapping):
        return _build(dict(source), "map")
    path = Path(source)
    if path.is_file():
        try:
            text = path.read_text(encoding="utf-8-sig")
        except (OSError, UnicodeDecodeError) as error:
            raise FormatError(f"{path}: the map cannot be read: {error}", field="map") from None
    elif re.fullmatch(r"[A-Za-z0-9_-]+", str(source)):
        shipped = resources.files("tidegate.formats").joinpath(_MAP_FOLDER, f"{source}.yaml")
        if not shipped.is_file():
            names = ", ".join(sorted(shipped_maps()))
            raise FormatError(f"no file and no shipped map is called {source}", field="map", expected=f"one of {names}")
        text = shipped.read_text(encoding="utf-8")
    else:
        raise FormatError(f"{path}: there is no such map file", field="map", value=str(path))
    return read_map(text, str(source))


def read_map(text: str, name: str = "map") -> ColumnMap:
    """A map from the text of a YAML file."""
    try:
        parsed = yaml.load(text, Loader=_PlainLoader)  # noqa: S506  (only text, lists, mappings)
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise FormatError(f"{name}: the map is not YAML: {' '.join(str(error).split())}", field="map") from None
    if not isinstance(parsed, dict):
        raise FormatError(f"{name}: a map is a YAML mapping with `columns`", field="map")
    return _build(parsed, Path(name).stem)


class _PlainLoader(yaml.BaseLoader):
    """Every scalar stays text: YAML would make false of Norway's `NO` and of a column called `No`, 8 of
    `010`.

    Refuses a key given twice, and aliases, which a map has no use for and a bomb is made of.
    """

    def compose_node(self, parent: Any, index: Any) -> Any:
        if self.check_event(yaml.AliasEvent):
            raise yaml.YAMLError("aliases (*name) are not allowed in a map")
        return super().compose_node(parent, index)

    def construct_mapping(self, node: Any, deep: bool = False) -> dict[Any, Any]:
        keys = [self.construct_object(key, deep=True) for key, _ in node.value]
        for key in keys:
            if keys.count(key) > 1:
                raise yaml.YAMLError(f"the key {key!r} is given twice")
        return super().construct_mapping(node, deep)


def _is_null(value: Any) -> bool:
    return value is None or (isinstance(value, str) and value in ("", "null", "~"))


def _is_true(value: Any) -> bool:
    return value is True or (isinstance(value, str) and value.lower() == "true")


def _build(raw: dict[Any, Any], name: str) -> ColumnMap:
    raw = {str(key): value for key, value in raw.items()}
    name = str(raw.get("name", name))
    _only_keys(raw, _MAP_KEYS, name)
    source = _section(raw, "source", name)
    _only_keys(source, _SOURCE_KEYS, f"{name}: source")
    header_row = source.pop("header_row", None)
    if header_row is not None and not (str(header_row).isdecimal() and int(header_row) > 0):
        raise FormatError(f"{name}: header_row counts lines from 1", field="map", value=header_row)
    options = SourceOptions(
        **{k: None if _is_null(v) else str(v) for k, v in source.items()},
        header_row=None if header_row is None else int(header_row),
    )
    if options.date_order not in (None, "dmy", "mdy", "ymd"):
        raise FormatError(f"{name}: date_order is dmy, mdy or ymd", field="map", value=options.date_order)
    if options.delimiter is not None and (len(options.delimiter) != 1 or options.delimiter in '"\r\n'):
        raise FormatError(f"{name}: delimiter is one sign, such as ;", field="map", value=options.delimiter)
    rules = {str(c): _column_rules(str(c), spec, name) for c, spec in _section(raw, "columns", name).items()}
    constants = {str(k): _plain(v) for k, v in _section(raw, "constants", name).items()}
    templates = {str(k): str(v) for k, v in _section(raw, "templates", name).items()}
    for target in (*constants, *templates):
        _known_target(target, name)
    return ColumnMap(
        name=name,
        description=_plain(raw.get("description")).strip(),
        source=options,
        rules=rules,
        constants=constants,
        templates=templates,
        documents={str(k): str(v) for k, v in _section(raw, "documents", name).items()},
        licence_kind=_plain(raw.get("licence_kind")) or None,
        definition=raw,
    )


def _section(raw: Mapping[str, Any], key: str, name: str) -> dict[Any, Any]:
    section = raw.get(key)
    if _is_null(section):
        return {}
    if not isinstance(section, Mapping):
        raise FormatError(f"{name}: {key} must be a mapping", field="map", value=key)
    return dict(section)


def _only_keys(given: Mapping[Any, Any], allowed: frozenset[str], name: str) -> None:
    for key in given:
        if key not in allowed:
            raise FormatError(
                f"{name}: {key!r} is not a word of a map",
                field="map",
                value=key,
                expected=f"one of {sorted(allowed)}",
            )


def _plain(value: Any) -> str:
    """A scalar of a map as text; nothing where it is null."""
    return "" if _is_null(value) else cell_text(value)


def _known_target(target: str, name: str) -> str:
    if fields.canonical(target) != target:
        raise FormatError(f"{name}: {target!r} is not a field of the contract", field="map", value=target)
    return target


def _column_rules(column: str, spec: Any, name: str) -> tuple[ColumnRule, ...]:
    if _is_null(spec):
        return ()
    specs = spec if isinstance(spec, list) and not all(isinstance(s, str) for s in spec) else [spec]
    return tuple(_column_rule(column, one, name) for one in specs)


def _column_rule(column: str, spec: Any, name: str) -> ColumnRule:
    where = f"{name}: column {column!r}"
    if isinstance(spec, str | list):
        spec = {"to": spec}
    if not isinstance(spec, dict) or not spec.get("to"):
        raise FormatError(f"{where}: say which field it goes `to`", field="map")
    _only_keys(spec, _RULE_KEYS, where)
    to = tuple(_known_target(str(t), where) for t in ([spec["to"]] if isinstance(spec["to"], str) else spec["to"]))
    when = []
    for other, values in _section(spec, "when", where).items():
        accepted = values if isinstance(values, list) else [values]
        when.append((str(other), frozenset(_plain(v) for v in accepted)))
    values = spec.get("values")
    if values is not None:
        spec = {**spec, "values": {_plain(k): _plain(v) for k, v in _section(spec, "values", where).items()}}
    return ColumnRule(
        to=to,
        convert=compile_conversion(spec, where),
        when=tuple(when),
        fallback=_is_true(spec.get("fallback")),
        pass_through=_is_true(spec.get("pass_through")),
        optional=_is_true(spec.get("optional")),
    )


def with_guesses(map_: ColumnMap, guesses: Iterable[Guess]) -> ColumnMap:
    """The map with the reasons of its guesses."""
    return replace(map_, guesses=tuple(guesses))
