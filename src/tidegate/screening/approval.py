"""What stands against a proposal to change the law: the linter's findings, and the scenarios that it breaks."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tidegate import __version__
from tidegate.law import Book, load_rulebook
from tidegate.law.lint import lint
from tidegate.law.proposals import Proposal, as_overlay, digest_of, superseded
from tidegate.law.yaml_text import dump
from tidegate.screening.impact import BREAKS, ScenarioShift, scenario_shifts
from tidegate.screening.scenarios import ScenarioError, load_scenarios, run, scenarios_hash


@dataclass(frozen=True, slots=True)
class Trial:
    """A proposal tried out on top of the law as it stands.

    `findings`: of the linter; with one of them nothing else was tried. `shifts`: scenarios that come out otherwise.
    `broken`: ids of scenarios that fail under the new law; `own` those of them that the proposal itself brings.
    `old`, `new`: the two books; `new` is None where the linter already refuses.
    """

    findings: tuple[str, ...]
    shifts: tuple[ScenarioShift, ...]
    broken: tuple[str, ...]
    own: tuple[str, ...]
    old: Book
    new: Book | None

    @property
    def ready(self) -> bool:
        """Whether nothing stands against it."""
        return not self.findings and not self.broken

    def remarks(self, proposal: Proposal) -> list[str]:
        """What has to be written into the overlay beside who proposed and who approved."""
        out = []
        if proposal.book != self.old.label:
            out.append(f"approved against rulebook {self.old.label}")
        if self.broken:
            out.append(f"accepted: these scenarios fail under it: {', '.join(self.broken)}")
        return out


def findings(proposal: Proposal, overlays: Sequence[Path], into: Path | None = None) -> list[str]:
    """What the linter says of the book with the proposal on top, and of its scenarios.

    `into`: the overlay that it would go into. Raises ProposalError where an earlier file of it holds some of the same
    rules and others.
    """
    with as_overlay(proposal) as folder:
        laid = [*_with(overlays, into), folder]
        if into is not None and into.is_dir():
            superseded(proposal, into)
        try:
            exercised = {rule for s in load_scenarios(overlays=laid) for rule in s.rules}
        except ScenarioError as error:
            return [str(error).replace(f"{folder}{os.sep}", "")]
        return [str(f).replace(f"{folder}{os.sep}", "") for f in lint(laid, exercised=exercised)]


def identity(proposal: Proposal, overlays: Sequence[Path], into: Path | None = None) -> str:
    """What the outcome of `try_out` hangs on, as SHA-256: the book with its overlays, every scenario, the proposal, and
    the program. As long as it is the same, so is the outcome. Raises RulebookError, ScenarioError."""
    base = _with(overlays, into)
    parts = (
        __version__,
        load_rulebook(base).hash,
        scenarios_hash(overlays=base),
        proposal.id,
        digest_of(dump(proposal.content), dump(proposal.cases)),
    )
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def books(proposal: Proposal, overlays: Sequence[Path], into: Path | None = None) -> tuple[Book, Book]:
    """The law as it stands, and with the proposal on top. Raises RulebookError."""
    base = _with(overlays, into)
    with as_overlay(proposal) as folder:
        return load_rulebook(base), load_rulebook([*base, folder])


def try_out(proposal: Proposal, overlays: Sequence[Path], into: Path | None = None) -> Trial:
    """The proposal on top of the book with `overlays` and `into`. Raises ProposalError, RulebookError."""
    base = _with(overlays, into)
    old = load_rulebook(base)
    found = findings(proposal, overlays, into)
    if found:
        return Trial(tuple(found), (), (), (), old, None)
    with as_overlay(proposal) as folder:
        new = load_rulebook([*base, folder])
        scenarios = load_scenarios(overlays=[*base, folder])
    brought = {s.get("id") for s in proposal.cases.get("scenarios") or ()}
    own = tuple(s.id for s in scenarios if s.id in brought and run(s, new))
    shifts = tuple(scenario_shifts(old, new, [s for s in scenarios if s.id not in brought]))
    broken = (*own, *(s.scenario for s in shifts if s.what == BREAKS))
    return Trial((), shifts, broken, own, old, new)


def _with(overlays: Sequence[Path], into: Path | None) -> list[Path]:
    base = list(overlays)
    if into is not None and into.is_dir() and into not in base:
        base.append(into)
    return base
