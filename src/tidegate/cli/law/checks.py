"""`tidegate law test` and `tidegate law lint`: does the rulebook hold, and can it be relied on?"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from tidegate.cli.law import output


def configure_test(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("files", nargs="*", type=Path, metavar="FILE", help="scenario files or folders")
    parser.add_argument("--rule", action="append", metavar="RULE", help="only the scenarios of this rule")
    parser.add_argument("-v", "--verbose", action="store_true", help="name the scenarios that hold too")


def run_test(args: argparse.Namespace) -> int:
    """Prints each failing scenario with what differs; exit status 1 when one fails."""
    from tidegate.screening.scenarios import load_scenarios, run

    book = output.book(args)
    scenarios = load_scenarios(args.files or None, overlays=output.overlays(args))
    if args.rule:
        scenarios = tuple(s for s in scenarios if set(args.rule) & set(s.rules))
    if not scenarios:
        output.problem("test", "no scenario found")
        return 2
    failed = 0
    for scenario in scenarios:
        failures = run(scenario, book)
        if failures:
            failed += 1
            print(f"FAIL {scenario.id}  ({scenario.file}; {scenario.source})")
            for failure in failures:
                print(f"     {failure}")
        elif args.verbose:
            print(f"ok   {scenario.id}  ({scenario.file})")
    unknown = sorted({r for s in scenarios for r in s.rules if r not in book.rules})
    for rule in unknown:
        print(f"FAIL a scenario names {rule}, which is not in the rulebook")
    print(f"{len(scenarios) - failed} of {len(scenarios)} scenarios hold, rulebook {book.label}")
    return 1 if failed or unknown else 0


def configure_lint(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--mutate",
        action="store_true",
        help="also put every date, figure and effect wrong, one at a time, and tell what no scenario notices",
    )
    parser.add_argument("--rule", action="append", metavar="RULE", help="with --mutate: only this rule")
    parser.add_argument("--processes", type=int, choices=(1, 2), help="with --mutate: how many to use")


def run_lint(args: argparse.Namespace) -> int:
    """Prints every finding; exit status 1 when there is one."""
    from tidegate.law.lint import lint
    from tidegate.screening.scenarios import load_scenarios

    overlays = output.overlays(args)
    scenarios = load_scenarios(overlays=overlays)
    findings = lint(overlays, exercised={rule for s in scenarios for rule in s.rules})
    for finding in findings:
        print(finding)
    if findings:
        print(f"{len(findings)} finding{'s' if len(findings) > 1 else ''}")
        return 1
    book = output.book(args)
    if args.rule:
        unknown = [r for r in args.rule if r not in book.rules]
        if unknown:
            output.problem("lint", f"no rule {unknown[0]} in the rulebook {book.label}")
            return 2
    print(f"{len(book.rules)} rules, {len(scenarios)} scenarios: no findings, rulebook {book.label}")
    return _mutate(args, overlays) if args.mutate else 0


def _mutate(args: argparse.Namespace, overlays: tuple[Path, ...]) -> int:
    from tidegate.screening.mutation import mutate

    if sys.stderr.isatty():
        print("Putting every date, figure and effect wrong, one at a time: about half a minute.", file=sys.stderr)
    report = mutate(overlays, rules=args.rule, processes=args.processes)
    for name in report.failing:
        print(f"scenario {name} fails on the rulebook as it is; see `tidegate law test`")
    for survivor in report.survivors:
        print(survivor)
    for mistake in report.mistaken:
        what = f"{mistake.rule}: {mistake.change}"
        print(f"{mistake.file}: equivalent {what}: a scenario notices it, or no such change is made")
    print(
        f"{report.mutants} changes of dates, figures and effects: {len(report.survivors)} go unnoticed, "
        f"{report.equivalents} make no difference as declared"
    )
    return 0 if report.passed else 1


VERBS: output.Verbs = {
    "lint": (
        "refuse rules without source, unknown words, contradictions, gaps in the scenarios",
        configure_lint,
        run_lint,
    ),
    "test": ("run the scenarios beside the law and tell which fail", configure_test, run_test),
}
