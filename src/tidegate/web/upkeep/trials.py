"""What came of trying a proposal out, kept with it: opening it again is cheap, and never says what no longer holds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from tidegate.law import Book
from tidegate.law.compare import FieldChange, compare_books
from tidegate.screening import approval
from tidegate.screening.impact import ScenarioShift
from tidegate.web.upkeep.commands import folder, overlays, trial_of
from tidegate.web.upkeep.models import Proposal


@dataclass(frozen=True)
class Outcome:
    """A trial as pages show it; see `approval.Trial`. `changes`: of the rule, field by field; none for a new one."""

    findings: tuple[str, ...]
    shifts: tuple[ScenarioShift, ...]
    broken: tuple[str, ...]
    own: tuple[str, ...]
    changes: tuple[FieldChange, ...]

    @property
    def loads(self) -> bool:
        """Whether there is a book with it on top: the linter has nothing against it."""
        return not self.findings


def outcome_of(row: Proposal) -> Outcome:
    """What comes of trying a proposal out. It is worked out anew when the book, an overlay, a scenario or the proposal
    has changed since it was kept; approving never relies on it. Raises ProposalError, RulebookError, ScenarioError."""
    under = approval.identity(row.as_law(), overlays(), folder())
    if row.tried.get("under") == under:
        return _read(row.tried)
    found = _tried(row)
    row.tried = {"under": under, **asdict(found)}
    Proposal.objects.filter(pk=row.pk).update(tried=row.tried)
    return found


def books_of(row: Proposal) -> tuple[Book, Book]:
    """The law as it stands, and with the proposal on top. Raises RulebookError."""
    return approval.books(row.as_law(), overlays(), folder())


def _tried(row: Proposal) -> Outcome:
    trial = trial_of(row)
    changes: tuple[FieldChange, ...] = ()
    if trial.new is not None:
        changed = compare_books(trial.old, trial.new).changed
        changes = next((one.changes for one in changed if one.new.id == row.rule), ())
    return Outcome(trial.findings, trial.shifts, trial.broken, trial.own, changes)


def _read(kept: Mapping[str, Any]) -> Outcome:
    shifts = [{**one, "told": tuple(one["told"]), "rules": tuple(one["rules"])} for one in kept["shifts"]]
    return Outcome(
        tuple(kept["findings"]),
        tuple(ScenarioShift(**one) for one in shifts),
        tuple(kept["broken"]),
        tuple(kept["own"]),
        tuple(FieldChange(**one) for one in kept["changes"]),
    )
