"""Walks through the pages as people take them: everybody in a browser of their own, who clicks and types.

A walk makes the States, their bodies and their people, and moves the clock; everything else is done on pages. Each page
that somebody comes to is looked at: axe-core finds nothing serious, nothing is wider than the window, no word is a code
of the program's, and no script complains. A walk that breaks says at which step, for whom, on which page.
"""

from __future__ import annotations

import json
import re
import shutil
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from django.conf import settings
from django.contrib.staticfiles.handlers import StaticFilesHandler
from django.db import connection
from django.test.testcases import LiveServerThread

from tests.movements import cases
from tidegate.exchange import delivery
from tidegate.movements import rounds
from tidegate.parties import times
from tidegate.parties.models import Membership, Organisation, Person

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page, Response

# The parts that a page is made of: every kind of element with its classes, role and type, each once.
MADE_OF = """() => [...new Set([...document.querySelectorAll("*")].map(e =>
    [e.tagName, ...["class", "role", "type"].map(name => e.getAttribute(name))].join(" ")))].sort().join("|")"""
LOOKED_AT: set[str] = set()
PASSWORD = "a walk along the tide"
# What a person should never read: `SG_PERMIT`, `document:GUARANTEE`, `received_partly`.
RAW = re.compile(r"\b[A-Z]{2}_[A-Z_]+\b|\bdocument:[A-Z_]+|\b[a-z]+_[a-z_]+\b")


@dataclass
class Clock:
    """The one clock of a walk, for the server's threads as well."""

    moment: datetime

    def now(self) -> datetime:
        """The moment."""
        return self.moment


@dataclass
class Walk:
    """A story on its way. `steps` says where it is, for the message when it breaks."""

    address: str
    open_context: Callable[..., Any]
    axe: Callable[[Page], list[str]]
    clock: Clock
    people: dict[tuple[str, str, str], Walker] = field(default_factory=dict)
    steps: list[str] = field(default_factory=list)
    last: Walker | None = None
    # What one chapter leaves for the next: the case, its number.
    notes: dict[str, str] = field(default_factory=dict)

    kept: Path | None = None

    def tell(self, *chapters: Callable[[Walk], None]) -> None:
        """A story, chapter by chapter."""
        for chapter in chapters:
            chapter(self)

    def begin(self, name: str, *chapters: Callable[[Walk], None]) -> None:
        """The chapters that several stories begin with: walked once in a run, then taken up where they ended."""
        if self.kept is None or connection.vendor != "sqlite":
            self.tell(*chapters)
            return
        folder = self.kept / name
        if folder.exists():
            _copied(str(folder / "database"), None)
            shutil.copytree(folder / "data", settings.TIDEGATE_DATA_DIR, dirs_exist_ok=True)
            said = json.loads((folder / "notes").read_text())
            self.clock.moment = datetime.fromisoformat(said.pop("at"))
            self.notes.update(said)
            return
        self.tell(*chapters)
        self.rest()
        fresh = self.kept / f"{name}.new"
        fresh.mkdir()
        _copied(None, str(fresh / "database"))
        shutil.copytree(settings.TIDEGATE_DATA_DIR, fresh / "data")
        (fresh / "notes").write_text(json.dumps({**self.notes, "at": self.clock.moment.isoformat()}))
        fresh.rename(folder)

    @contextmanager
    def step(self, text: str) -> Iterator[None]:
        """A step of the story; what goes wrong in it says so."""
        self.steps.append(text)
        try:
            yield
        except Exception as error:
            where = self.last.where() if self.last is not None else "nobody has come to a page yet"
            raise AssertionError(f"step {len(self.steps)}, “{text}”: {error}\n{where}") from error

    def who(self, state: str, kind: str, role: str = "officer") -> Walker:
        """Somebody of a State, signed in; the same one when asked for again."""
        key = (state, kind, role)
        if key not in self.people:
            person = settled(state, kind, role)
            walker = self.people[key] = Walker(self, " ".join(key), self.open_context().new_page())
            with self.step(f"the {role} of the {kind} of {state} signs in"):
                walker.sign_in(person.email)
        self.last = self.people[key]
        return self.last

    def later(self, days: float) -> None:
        """Time passes; what the background does meanwhile is done."""
        self.clock.moment += timedelta(days=days)
        self.rest()

    def on(self, moment: datetime) -> None:
        """The same, to a moment."""
        assert moment >= self.clock.moment
        self.clock.moment = moment
        self.rest()

    def rest(self) -> None:
        """The rounds of the background: time limits, and what is on its way between the States."""
        rounds.tick()
        delivery.settle()


def _copied(source: str | None, target: str | None) -> None:
    """Copy a database; None is the walk's own."""
    connection.ensure_connection()
    ends = [connection.connection if name is None else sqlite3.connect(name) for name in (source, target)]
    ends[0].backup(ends[1])
    for name, end in zip((source, target), ends, strict=True):
        if name is not None:
            end.close()


@pytest.fixture(scope="session")
def kept_walks(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the beginnings of stories are kept."""
    return tmp_path_factory.mktemp("walks")


@pytest.fixture
def walk(
    own_database: None,
    open_context: Any,
    axe: Any,
    tmp_path: Path,
    kept_walks: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Walk]:
    """A walk that begins on the first of December 2026, with the exchange between the States as it is.

    The server has a database in a file, and each of its threads a connection of its own: what the page keeps by itself
    may be on its way while somebody presses a button.
    """
    monkeypatch.setattr(settings, "TIDEGATE_DATA_DIR", tmp_path / "data")
    settings.TIDEGATE_DATA_DIR.mkdir()
    clock = Clock(cases.START)
    # A context variable would not reach the server's threads.
    monkeypatch.setattr(times, "now", clock.now)
    server = LiveServerThread("localhost", StaticFilesHandler, connections_override={})
    server.daemon = True
    server.start()
    server.is_ready.wait()
    if server.error is not None:
        raise server.error
    try:
        yield Walk(f"http://localhost:{server.port}", open_context, axe, clock, kept=kept_walks)
    finally:
        server.terminate()


def organised(code: str, kind: str) -> Organisation:
    """A plainly fictitious body of a State."""
    made = {"kind": kind, "name": f"Example {kind.replace('_', ' ')} of {code}", "address": "1 Sample Street"}
    number = f"{code}-{kind}-1"
    return Organisation.objects.get_or_create(holder=cases.state(code), registration=number, defaults=made)[0]


def settled(state: str, kind: str, role: str = "officer") -> Person:
    """A person with a role in a body of a State, and a password."""
    body = organised(state, kind)
    email = f"{role}.{kind}@{state.lower()}.example.test"
    person = Person.objects.filter(email=email).first()
    if person is None:
        person = Person.objects.create_user(email, PASSWORD, name=f"{role} of {body.name}")
        Membership.objects.create(person=person, organisation=body, role=role, valid_from=date(2020, 1, 1))
    return person


class Walker:
    """Somebody in front of a browser. Names of links, buttons and fields are those that stand on the page."""

    def __init__(self, walk: Walk, name: str, page: Page):
        self.walk, self.name, self.page = walk, name, page
        self.trouble: list[str] = []
        self.answer: Response | None = None
        page.on("console", lambda said: self.trouble.append(said.text) if said.type == "error" else None)
        page.on("pageerror", lambda error: self.trouble.append(str(error)))
        page.on("response", self._answered)

    def _answered(self, response: Response) -> None:
        request = response.request
        if request.is_navigation_request() and request.frame == self.page.main_frame:
            self.answer = response

    # ── going about ─────────────────────────────────────────────────────────────────────────────────────

    def sign_in(self, email: str) -> None:
        """Through the sign-in page."""
        self.page.goto(f"{self.walk.address}/accounts/login/?next=/desk/")
        self.look()
        self.page.fill("input[name=login]", email)
        self.page.fill("input[name=password]", PASSWORD)
        self._go(self.page.locator("main form button[type=submit]").first)

    def click(self, name: str, *, within: str = "", refused: str = "") -> Walker:
        """Follow a link or press a button that leads to another page; `refused` is what a refusal says there."""
        self._go(self._pressed(name, within), refused=bool(refused))
        return self.sees(refused) if refused else self

    def press(self, name: str) -> Walker:
        """Press a button whose answer comes into the same page."""
        self._pressed(name, "").click()
        return self

    def _pressed(self, name: str, within: str) -> Locator:
        area = self.area(within) if within else self.page.locator("body")
        found = area.get_by_role("link", name=name, exact=True).or_(area.get_by_role("button", name=name, exact=True))
        visible = found.locator("visible=true")
        if visible.count() == 0:
            offered = area.locator("main a:visible, main button:visible") if not within else area.locator("a, button")
            raise AssertionError(f"there is no “{name}” here; there are {sorted(set(offered.all_inner_texts()))}")
        return visible.first

    def _go(self, pressed: Locator, *, refused: bool = False) -> None:
        # Not `expect_navigation`: htmx rewrites the address while a page keeps itself.
        with self.page.expect_event("load"):
            pressed.click()
        if "/reauthenticate" in self.page.url:  # the last proof of who is there is too old: give it again
            self.page.fill("input[name=password]", PASSWORD)
            with self.page.expect_event("load"):
                self.page.locator("main form button[type=submit]").first.click()
        self.look(refused=refused)

    def desk(self, what: str, about: str = "") -> Walker:
        """From the queue of one's own work: open what is to be done."""
        self.menu("Desk")
        rows = self.page.locator("main tbody tr").filter(has_text=what)
        row = rows.filter(has_text=about) if about else rows
        if row.count() == 0:
            seen = self.page.locator("main tbody tr").all_inner_texts()
            raise AssertionError(f"“{what}” does not wait on the desk; there wait {seen}")
        self._go(row.first.get_by_role("link").first)
        return self

    def menu(self, name: str) -> Walker:
        """An entry of the navigation."""
        self._go(self.page.get_by_role("navigation").get_by_role("link", name=name, exact=True).first)
        return self

    def case(self, number: str) -> Walker:
        """The page of a notification, from the list."""
        self.menu("Cases")
        self._go(self.page.locator("main").get_by_role("link", name=re.compile(re.escape(number))).first)
        return self

    def movement(self, name: str) -> Walker:
        """The page of a movement, from the list."""
        self.menu("Movements")
        self._go(self.page.locator("main").get_by_role("link", name=name, exact=True).first)
        return self

    def take_back(self, number: str) -> Walker:
        """The page of a take-back case, from the list."""
        return self.menu("Movements").click("Take-back").follow(number)

    def follow(self, name: str, *, to: str = "") -> Walker:
        """A link that begins with these words; `to` is a part of its address, where several do."""
        found = self.page.locator("main").get_by_role("link", name=re.compile(rf"^\s*{re.escape(name)}"))
        self._go(found.and_(self.page.locator(f'a[href*="{to}"]')).first if to else found.first)
        return self

    def follow_in(self, area: str) -> Walker:
        """The first link of a section."""
        self._go(self.area(area).get_by_role("link").first)
        return self

    def fetched(self, link: Locator) -> bytes:
        """The bytes behind a link."""
        answer = self.page.request.get(f"{self.walk.address}{link.get_attribute('href')}")
        assert answer.ok, f"{link.inner_text()} answered {answer.status}"
        return answer.body()

    # ── filling in ──────────────────────────────────────────────────────────────────────────────────────

    def area(self, name: str) -> Locator:
        """A section or a group of fields, by its heading."""
        region = self.page.get_by_role("region", name=name, exact=True)
        return region.or_(self.page.get_by_role("group", name=name, exact=True)).first

    def fill(self, given: Mapping[str, Any], *, within: str = "") -> Walker:
        """Fill in fields by their labels: text, a choice of a list, True for a box, a list for several boxes."""
        area = self.area(within) if within else self.page.locator("main")
        for label, value in given.items():
            if isinstance(value, list):
                group = area.get_by_role("group", name=label, exact=True)
                for one in value:
                    group.get_by_label(re.compile(rf"^\s*{re.escape(one)}\b")).first.check()
                continue
            control = area.get_by_label(re.compile(rf"^\s*{re.escape(label)}\s*(\(optional\))?\s*$"))
            control = control.locator("visible=true").first
            kind = control.evaluate("e => e.type || e.tagName")
            if kind in ("checkbox", "radio"):
                control.set_checked(bool(value))
            elif kind == "file":
                control.set_input_files(value)
            elif kind.startswith("select"):
                control.select_option(label=str(value))
            else:
                control.fill(str(value))
        return self

    def choose(self, label: str, beginning: str) -> Walker:
        """Choose from a list by what its entry begins with."""
        control = self.page.locator("main").get_by_label(re.compile(rf"^\s*{re.escape(label)}")).first
        offered = control.locator("option").all_inner_texts()
        found = next((one for one in offered if one.startswith(beginning)), None)
        assert found is not None, f"“{label}” offers no {beginning}: {offered}"
        control.select_option(label=found)
        return self

    # ── looking ─────────────────────────────────────────────────────────────────────────────────────────

    def look(self, *, refused: bool = False) -> None:
        """What holds of every page; `refused`: it says no, and why."""
        self.walk.last = self
        status = self.answer.status if self.answer is not None else 200
        assert status < 400 or (refused and status in (409, 422)), f"the page answered {status}"
        if refused:  # a browser puts down every such answer as an error of the page
            assert status >= 400, "it was to be refused, and was not"
            self.trouble = [one for one in self.trouble if f"status of {status}" not in one]
        made_of = self.page.evaluate(MADE_OF)
        if made_of not in LOOKED_AT:  # axe-core takes a second; a page built of the same parts tells it nothing new
            found = self.walk.axe(self.page)
            assert found == [], f"axe-core finds: {found}"
            LOOKED_AT.add(made_of)
        wide = self.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert wide <= 0, f"the page is {wide} pixels wider than the window"
        raw = sorted(set(RAW.findall(self.page.locator("main").inner_text())))
        assert raw == [], f"codes of the program stand on the page: {raw}, in {self._lines(raw)}"
        assert self.trouble == []

    def stands(self, status: str) -> Walker:
        """The status under the heading."""
        from playwright.sync_api import expect

        expect(self.page.locator(".mv-head-line, .td-lead").first).to_contain_text(status)
        return self

    def _lines(self, words: list[str]) -> list[str]:
        """The lines of the page that hold one of these."""
        lines = self.page.locator("main").inner_text().splitlines()
        return [line for line in lines if any(word in line for word in words)]

    def sees(self, *texts: str, within: str = "") -> Walker:
        """Each of these stands on the page."""
        from playwright.sync_api import expect

        area = self.area(within) if within else self.page.locator("main")
        for text in texts:
            expect(area, f"“{text}” should stand on the page").to_contain_text(text)
        return self

    def sees_not(self, text: str, *, within: str = "") -> Walker:
        """This does not."""
        from playwright.sync_api import expect

        expect(self.area(within) if within else self.page.locator("main")).not_to_contain_text(text)
        return self

    def fact(self, name: str, value: str) -> Walker:
        """A figure of a list of facts, under its name."""
        term = self.page.locator("main dl > div").filter(has=self.page.locator("dt", has_text=re.compile(f"^{name}$")))
        found = term.first.locator("dd").inner_text().strip()
        assert found.startswith(value), f"{name}: {found}; expected {value}"
        return self

    def offered(self, name: str) -> bool:
        """Whether a link or button of that name is here."""
        main = self.page.locator("main")
        found = main.get_by_role("link", name=name, exact=True).or_(main.get_by_role("button", name=name, exact=True))
        return found.count() > 0

    def heading(self) -> str:
        """The page's heading."""
        return self.page.locator("h1").inner_text()

    def paper(self, name: str) -> bytes:
        """The bytes of a file that a link of this page leads to."""
        address = str(self._pressed(name, "").evaluate("e => e.href"))
        answer = self.page.request.get(address)
        assert answer.ok, f"“{name}” answered {answer.status}"
        return answer.body()

    def downloaded(self, name: str) -> bytes:
        """The bytes of a file that a button gives."""
        with self.page.expect_download() as coming:
            self._pressed(name, "").click()
        return Path(coming.value.path()).read_bytes()

    def where(self) -> str:
        """Who is where, and what the page complains of."""
        said = self.page.locator("[role=alert], .pa-error, .mv-saved").all_inner_texts()
        path = self.page.url.removeprefix(self.walk.address)
        return f"{self.name} is at {path} (“{self.heading() if self.page.locator('h1').count() else ''}”) {said}"
