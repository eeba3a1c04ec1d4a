"""Upkeep by people: a proposal to change the law as the book holds it, and its approval by a second person.

A proposal is one YAML file: the rules (or other records) in the rulebook's own form, the scenarios that go
with them under `cases`, and under `proposal` who proposed it, when and why. Approved, it becomes a file of
an overlay folder, with its provenance written on top; the shipped book is never touched.
"""

from __future__ import annotations

import hashlib
import os
import re
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tidegate.law.export import rule_as_written
from tidegate.law.lint_rules import VOCABULARY
from tidegate.law.loader import RULE_FIELDS, TABLES, RulebookError, parse_yaml
from tidegate.law.records import Book
from tidegate.law.sources import NOT_RULES
from tidegate.law.yaml_text import dump

HEADS = ("proposal", "cases")
CONTENT = frozenset({"state", "layer", "defaults", "rules", "polymers", "groups", "entries", *TABLES})
FIELD_ORDER = tuple(
    "id role kind regime displaces status confidence alert_only from to dates event hs basel suspects when fails "
    "unless exempts documents needs verify text instrument url checked penalty summary note".split()
)


class ProposalError(ValueError):
    """A proposal that cannot be made, read or approved; the message says why and what was expected."""


@dataclass(frozen=True, slots=True)
class Proposal:
    """A proposal as read. `content`: tables in the form of a rulebook file. `cases`: `base` and `scenarios`.

    `at`: when it was made, aware. `book`: label of the rulebook it was written against. `approved`: by, at
    and into, once a second person has approved it.
    """

    id: str
    by: str
    at: datetime
    why: str
    book: str
    content: Mapping[str, Any]
    cases: Mapping[str, Any] = field(default_factory=dict)
    approved: Mapping[str, Any] | None = None
    path: Path | None = None
    digest: str = ""

    @property
    def rules(self) -> tuple[str, ...]:
        """Ids of the rules that it adds or changes."""
        return tuple(str(r["id"]) for r in self.content.get("rules") or () if "id" in r)


# ── making one ─────────────────────────────────────────────────────────────────────────────────────────────


def rule_change(book: Book, rule: str, fields: Mapping[str, Any]) -> dict[str, Any]:
    """The content of a proposal that changes `fields` of a rule of the book; None removes a field."""
    if rule not in book.rules:
        raise ProposalError(f"rule {rule}: not in the rulebook {book.label}; use `--new` for a new rule")
    if "id" in fields:
        raise ProposalError("id: the id of a rule never changes; propose a new rule and an end to this one")
    old = book.rules[rule]
    head = {"state": old.state} if old.state else {"layer": old.layer}
    return {**head, "rules": [_ordered({**rule_as_written(old), **_known(fields)})]}


def new_rule(book: Book, place: str, fields: Mapping[str, Any]) -> dict[str, Any]:
    """The content of a proposal for a new rule of `place`, a State or an international layer."""
    identity = fields.get("id")
    if not identity:
        raise ProposalError("id: a new rule needs an id, such as XX-IMP-WORDS-2027")
    if identity in book.rules:
        raise ProposalError(f"id: {identity} is in the rulebook already; use `--rule {identity}` to change it")
    if place in book.states:
        head = {"state": place}
    elif place in VOCABULARY["displaces"]:
        head = {"layer": place}
    else:
        raise ProposalError(f"place {place!r}: expected a State as ISO 3166-1 alpha-2, or an international layer")
    return {**head, "rules": [_ordered({"from": None, "to": None, **_known(fields)})]}


def _known(fields: Mapping[str, Any]) -> Mapping[str, Any]:
    for name in fields:
        if name not in RULE_FIELDS:
            raise ProposalError(f"{name}: not a field of rules; known are {', '.join(FIELD_ORDER)}")
    return fields


def _ordered(rule: Mapping[str, Any]) -> dict[str, Any]:
    kept = ("from", "to")
    return {name: rule[name] for name in FIELD_ORDER if name in rule and (rule[name] is not None or name in kept)}


def write(
    folder: Path,
    content: Mapping[str, Any],
    *,
    by: str,
    why: str,
    book: Book,
    cases: Mapping[str, Any] | None = None,
    at: datetime | None = None,
) -> Proposal:
    """Writes a proposal into `folder` under a name made from the day and its first rule."""
    for name, value in (("by", by), ("why", why)):
        if not value.strip():
            raise ProposalError(f"{name}: empty, expected {'a name' if name == 'by' else 'the reason'}")
    _check_content("the proposal", content)
    moment = (at or datetime.now(UTC)).astimezone(UTC).replace(microsecond=0)
    rules = [str(r["id"]) for r in content.get("rules") or () if isinstance(r, Mapping) and "id" in r]
    subject = rules[0] if rules else next((t for t in TABLES if content.get(t)), "tables")
    folder.mkdir(parents=True, exist_ok=True)
    identity = f"{moment:%Y-%m-%d}-{_file_name(subject)}"
    taken = 1
    while (folder / f"{identity}.yaml").exists():
        taken += 1
        identity = f"{moment:%Y-%m-%d}-{_file_name(subject)}-{taken}"
    head = {"id": identity, "by": by.strip(), "at": moment.isoformat(), "why": why.strip(), "book": book.label}
    whole: dict[str, Any] = {"proposal": head, **content}
    if cases:
        whole["cases"] = dict(cases)
    path = folder / f"{identity}.yaml"
    _write_file(path, "# A proposal: it changes nothing before a second person approves it.\n" + dump(whole))
    return read(path)


def _file_name(text: str) -> str:
    return re.sub(r"[^A-Za-z0-9-]+", "-", text).strip("-") or "proposal"


# ── reading ────────────────────────────────────────────────────────────────────────────────────────────────


def read(path: Path) -> Proposal:
    """The proposal in a file. Raises ProposalError, naming the file and the field."""
    try:
        raw_bytes = path.read_bytes()
        document = parse_yaml(str(path), raw_bytes)
    except OSError as error:
        raise ProposalError(f"{path}: cannot be read: {error.strerror or error}") from error
    except (RulebookError, ValueError) as error:
        raise ProposalError(str(error)) from error
    if not isinstance(document, Mapping) or not isinstance(document.get("proposal"), Mapping):
        raise ProposalError(f"{path}: expected a mapping with `proposal` (id, by, at, why, book)")
    head = document["proposal"]
    for name in ("id", "by", "at", "why", "book"):
        if not str(head.get(name) or "").strip():
            raise ProposalError(f"{path}: proposal.{name} is {head.get(name)!r}, expected some text")
    content = {k: v for k, v in document.items() if k not in HEADS}
    _check_content(str(path), content)
    return Proposal(
        id=str(head["id"]),
        by=str(head["by"]),
        at=_moment(path, head["at"]),
        why=str(head["why"]),
        book=str(head["book"]),
        content=content,
        cases=document.get("cases") or {},
        approved=head.get("approved"),
        path=path,
        digest=hashlib.sha256(raw_bytes).hexdigest(),
    )


def digest_of(content: str, cases: str) -> str:
    """SHA-256 of a proposal that is kept as two texts and not as a file."""
    return hashlib.sha256(f"{content}\0{cases}".encode()).hexdigest()


def _check_content(where: str, content: Mapping[str, Any]) -> None:
    for name in content:
        if name not in CONTENT:
            raise ProposalError(f"{where}: {name}: not a table of the rulebook; known are {', '.join(sorted(CONTENT))}")
    if not any(content.get(table) for table in ("rules", "polymers", "groups", "entries", *TABLES)):
        raise ProposalError(f"{where}: holds no rule and no record")
    rules = content.get("rules") or []
    if not isinstance(rules, list) or not all(isinstance(r, Mapping) and r.get("id") for r in rules):
        raise ProposalError(f"{where}: rules: expected a list of rules, each with an id")


def _moment(path: Path, value: Any) -> datetime:
    try:
        moment = value if isinstance(value, datetime) else datetime.fromisoformat(str(value))
    except ValueError:
        raise ProposalError(
            f"{path}: proposal.at is {value!r}, expected a time such as 2026-11-21T09:00:00+00:00"
        ) from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


# ── as an overlay ──────────────────────────────────────────────────────────────────────────────────────────


@contextmanager
def as_overlay(proposal: Proposal) -> Iterator[Path]:
    """The proposal as an overlay folder that lasts as long as the context."""
    with tempfile.TemporaryDirectory(prefix="tidegate-proposal-") as name:
        folder = Path(name)
        _lay_down(proposal, folder, "")
        yield folder


def _lay_down(proposal: Proposal, folder: Path, provenance: str) -> list[Path]:
    folder.mkdir(parents=True, exist_ok=True)
    written = [folder / f"{proposal.id}.yaml"]
    _write_file(written[0], provenance + dump(proposal.content))
    if proposal.cases:
        written.append(folder / NOT_RULES / f"{proposal.id}.yaml")
        written[1].parent.mkdir(exist_ok=True)
        _write_file(written[1], provenance + dump(proposal.cases))
    return written


def approve(
    proposal: Proposal, *, by: str, into: Path, at: datetime | None = None, remarks: Sequence[str] = ()
) -> list[Path]:
    """Saves the proposal as a file of the overlay `into` (its cases beside it) and marks it approved.

    The caller has looked at it (linter, scenarios). `remarks` are written into the provenance. An earlier
    file of `into` whose rules are all replaced is set aside as `….yaml.superseded`. Raises ProposalError
    when the approver is the proposer, or when the file was approved before.
    """
    check_approver(proposal, by)
    if (into / f"{proposal.id}.yaml").exists():
        raise ProposalError(f"{into / proposal.id}.yaml: exists already, expected another folder")
    moment = (at or datetime.now(UTC)).astimezone(UTC).replace(microsecond=0)
    lines = [
        f"Proposal {proposal.id}, sha256 {proposal.digest}",
        f"proposed by {proposal.by} on {proposal.at.isoformat()}, against rulebook {proposal.book}",
        f"reason: {proposal.why}",
        f"approved by {by.strip()} on {moment.isoformat()}",
        *remarks,
    ]
    provenance = "".join(f"# {part}\n" for line in lines for part in line.splitlines())
    for old in superseded(proposal, into):
        os.replace(old, old.with_name(old.name + ".superseded"))
    written = _lay_down(proposal, into, provenance)
    if proposal.path is not None:
        _mark(proposal, {"by": by.strip(), "at": moment.isoformat(), "into": str(into)})
    return written


def check_approver(proposal: Proposal, by: str) -> None:
    """Raises ProposalError unless the proposal is still open and `by` is not the person who made it."""
    if proposal.approved:
        told = f"by {proposal.approved.get('by')} on {proposal.approved.get('at')}"
        raise ProposalError(f"{proposal.path}: approved already, {told}")
    if not by.strip():
        raise ProposalError("by: empty, expected the name of the person who approves")
    if _person(by) == _person(proposal.by):
        raise ProposalError(f"by: {by} proposed this; expected a second person to approve it")


def superseded(proposal: Proposal, into: Path) -> list[Path]:
    """Files of the overlay whose rules the proposal replaces altogether. Raises ProposalError where only some are."""
    out = []
    mine = set(proposal.rules)
    for path in sorted(into.glob("*.yaml")) if into.is_dir() else ():
        document = parse_yaml(str(path), path.read_bytes())
        if not isinstance(document, Mapping):
            continue
        theirs = {str(r.get("id")) for r in document.get("rules") or () if isinstance(r, Mapping)}
        if not mine & theirs:
            continue
        others = [t for t in TABLES if document.get(t)]
        if theirs - mine or others:
            kept = ", ".join(sorted(theirs - mine) or others)
            raise ProposalError(
                f"{path}: holds {', '.join(sorted(mine & theirs))} and {kept}; expected one or the other"
            )
        out.append(path)
    return out


def _person(name: str) -> str:
    return " ".join(name.casefold().split())


def _mark(proposal: Proposal, approved: Mapping[str, Any]) -> None:
    if proposal.path is None:
        return
    head = {
        "id": proposal.id,
        "by": proposal.by,
        "at": proposal.at.isoformat(),
        "why": proposal.why,
        "book": proposal.book,
        "approved": approved,
    }
    whole: dict[str, Any] = {"proposal": head, **proposal.content}
    if proposal.cases:
        whole["cases"] = proposal.cases
    _write_file(proposal.path, "# Approved; the overlay holds what counts.\n" + dump(whole))


def _write_file(path: Path, text: str) -> None:
    """All of it or nothing."""
    with tempfile.NamedTemporaryFile("w", dir=path.parent, delete=False, encoding="utf-8", suffix=".part") as handle:
        handle.write(text)
    os.chmod(handle.name, 0o644)
    os.replace(handle.name, path)
