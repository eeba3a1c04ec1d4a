"""Reads the rulebook as a careful colleague would, and refuses what cannot be relied on.

`lint` looks at the files as written (sources, names, dates, duplicates), at the rules against each other
(`contradictions`), and at whether each rule is exercised by a scenario. Whether the scenarios would notice a
changed date, figure or effect is the work of `tidegate.screening.mutation`.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from tidegate.law.contradictions import contradictions
from tidegate.law.findings import Finding
from tidegate.law.lint_rules import check_rule
from tidegate.law.lint_tables import Registers, check_tables
from tidegate.law.loader import RulebookError, load_rulebook
from tidegate.law.sources import SourceFile, read_sources

__all__ = ["Finding", "lint", "lint_rule"]


def lint(overlays: Sequence[str | os.PathLike[str]] = (), *, exercised: Collection[str] | None = None) -> list[Finding]:
    """Everything that is wrong with the shipped rulebook and `overlays`, in the order of the files.

    Rules are compared with each other once each of them can be read.

    `exercised`: ids of the rules that some scenario exercises; left out, that is not looked at.
    """
    try:
        sources = read_sources(overlays)
    except RulebookError as error:
        return [Finding("", "", "file", "", str(error))]
    registers = Registers.of(sources)
    findings = list(check_tables(sources, registers))
    findings += _duplicates(sources)
    for source in sources:
        for raw in source.rules():
            findings += check_rule(source, raw, registers)
    findings += _unreadable_rules(sources)
    if findings:
        return findings  # rules that cannot be read cannot be compared either
    try:
        book = load_rulebook(overlays)
    except RulebookError as error:
        return [Finding("", "", "file", "", str(error))]
    names = {str(raw.get("id")): source.name for source in sources for raw in source.rules()}
    findings += contradictions(book, names)
    if exercised is not None:
        findings += [
            Finding(names.get(rule, ""), rule, "scenarios", "none", "at least one scenario that exercises it")
            for rule in book.rules
            if rule not in exercised
        ]
    return findings


def lint_rule(
    head: Mapping[str, Any], raw: Mapping[str, Any], overlays: Sequence[str | os.PathLike[str]] = ()
) -> list[Finding]:
    """What is wrong with one rule by itself, under a file's `head` (`state` or `layer`), in the words of the book with
    `overlays`. Raises RulebookError."""
    written = {name: value for name, value in raw.items() if value is not None or name in ("from", "to")}
    source = SourceFile("", len(overlays) + 1, {**head, "rules": [written]})
    return list(check_rule(source, written, Registers.of([*read_sources(overlays), source])))


def _duplicates(sources: Sequence[SourceFile]) -> Iterator[Finding]:
    """One id, one rule: an overlay may replace a shipped rule, a file may not repeat one of its own book."""
    seen: dict[tuple[int, str], str] = {}
    for source in sources:
        for raw in source.rules():
            if raw.get("id") is None:
                continue
            key = (source.root, str(raw["id"]))
            if key in seen:
                yield Finding(source.name, key[1], "id", key[1], f"an id of its own ({seen[key]} has it too)")
            seen[key] = source.name


def _unreadable_rules(sources: Sequence[SourceFile]) -> Iterator[Finding]:
    for source in sources:
        raw = source.document.get("rules")
        if raw is not None and not isinstance(raw, list):
            yield Finding(source.name, "", "rules", type(raw).__name__, "a list of rules")
        for record in raw if isinstance(raw, list) else ():
            if not hasattr(record, "get"):
                yield Finding(source.name, "", "rules", record, "a mapping for each rule")
