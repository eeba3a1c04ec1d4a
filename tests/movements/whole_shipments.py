"""What people do about a notification and its shipments (see whole.py)."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import rule

from tests.movements import cases
from tests.movements.oracle import Refusal, Shipment
from tests.movements.whole_core import CONDITIONS, HOME, KG, MOST, NTH, THERE, TTL, ZONE, Core, Mended
from tidegate.movements import border, breaches
from tidegate.movements.commands import consents, guarantees, movements, notifications, permits
from tidegate.movements.models import (
    Breach,
    Correction,
    Permit,
    TakeBack,
)


class Shipments(Core):
    """Consents, stops, announcements, departures, receipts, corrections; what the border is told."""

    @rule(outcome=st.sampled_from(["consented_with_conditions", "consented_with_conditions", "objected"]))
    def decide(self, outcome: str) -> None:
        terms: dict[str, Any] = {
            "valid_from": "2027-02-01", "valid_until": "2027-12-31", "conditions": CONDITIONS
        }  # fmt: skip
        if outcome == "objected":
            terms = {"grounds": ["No capacity"]}
        mine = cases.consent(self.base.row, THERE)
        _row, code = self.act(THERE, "competent_authority", consents.decide, mine.pk, outcome=outcome, **terms)
        told = self.told[THERE].consents
        assert (code == "") == (told[THERE] == "waiting" and "withdrawn" not in told.values()), code
        if not code:
            self.told[THERE].consents[THERE] = "objected" if outcome == "objected" else "given"

    @rule()
    def confirm_contract(self) -> None:
        _row, code = self.act(
            THERE, "competent_authority", guarantees.confirm_contract, self.own(THERE).pk, number="K-1"
        )
        self.told[THERE].contract = self.told[THERE].contract or not code

    @rule(nth=NTH, what=st.sampled_from(["suspend", "suspend", "lift", "lift", "withdraw"]))
    def change_mind(self, nth: int, what: str) -> None:
        code = self.route[nth % len(self.route)]
        mine = cases.consent(self.base.row, code)
        reason = {} if what == "lift" else {"reason": "Inquiry"}
        _row, refused = self.act(code, "competent_authority", getattr(consents, what), mine.pk, **reason)
        told, before = self.told[code].consents, self.told[code].consents[code]
        may = {"suspend": ("given",), "lift": ("suspended",), "withdraw": ("given", "suspended")}[what]
        over = what != "withdraw" and "withdrawn" in told.values()
        assert (refused == "") == (before in may and not over), (what, before, refused)
        if not refused:
            told[code] = {"suspend": "suspended", "lift": "given", "withdraw": "withdrawn"}[what]
            self.stop_or_go(code, "consent", stop=what != "lift")

    @rule(nth=NTH, stop=st.booleans())
    def suspend_all(self, nth: int, stop: bool) -> None:
        code = self.route[nth % len(self.route)]
        function = notifications.suspend if stop else notifications.lift
        _row, refused = self.act(code, "competent_authority", function, self.own(code).pk, reason="Fire")
        assert (refused == "") == ((code in self.told[code].stopped) != stop)
        if not refused:
            (self.told[code].stopped.add if stop else self.told[code].stopped.discard)(code)
            self.stop_or_go(code, "notification", stop=stop)

    @rule(suspend=st.booleans())
    def permit(self, suspend: bool) -> None:
        row = Permit.objects.get(account__reference=self.base.accounts["permit"])
        function = permits.suspend if suspend else permits.lift
        more = {"reason": "Inquiry"} if suspend else {}
        self.act(THERE, "competent_authority", function, row.pk, revision=row.revision, **more)

    @rule(kg=KG, ahead=st.integers(0, 30), wants=st.sampled_from(["", "", "permit", "quota", "both"]))
    def announce(self, kg: str, ahead: int, wants: str) -> None:
        named = {"permit": ["permit"], "quota": ["quota"], "both": ["permit", "quota"]}.get(wants, [])
        accounts = tuple(self.base.accounts[name] for name in named)
        day = self.today + timedelta(days=ahead)
        status = self.own(HOME).status
        row, code = self.act(
            HOME, "notifier", movements.draft, self.own(HOME).pk, planned_on=day.isoformat(), announced_kg=kg,
            particulars={"permits": list(accounts)},
        )  # fmt: skip
        if code:
            assert code == "state" if status not in ("active", "decided_consented") else code == "serials", code
            assert code == "state" or self.trade.counted >= MOST
            return
        assert self.trade.counted < MOST
        self.serials += 1
        assert row.serial == self.serials, "numbers rise, and none comes again"
        self.trade.shipments[row.serial] = Shipment(Decimal(kg), day, accounts)
        self.announce_draft(len(self.trade.shipments) - 1)

    @rule(nth=NTH)
    def announce_draft(self, nth: int) -> None:
        serial = self.pick(nth)
        row = self.movement(HOME, serial) if serial else None
        if row is None or row.status != "draft":
            return
        one = self.trade.shipments[serial]
        one.kg, one.day = row.announced_kg, row.planned_on
        _row, code = self.act(HOME, "notifier", movements.announce, row.pk)
        expected = self.why_not(serial, one.kg, one.day)
        if not expected and not self.fits(serial, one.kg, one.day):
            expected = "ledger"
        assert code.partition("_")[0] == expected.partition("_")[0], (code, expected)
        if not code:
            self.set_aside(one)
            one.waits, one.asked, one.answers = bool(one.elsewhere), self.now, {}

    @rule(nth=NTH, kg=KG)
    def amend(self, nth: int, kg: str) -> None:
        serial = self.pick(nth)
        row = self.movement(HOME, serial) if serial else None
        if row is None:
            return
        one, before = self.trade.shipments[serial], row.status
        _row, code = self.act(HOME, "notifier", movements.amend, row.pk, announced_kg=kg)
        if before == "draft":
            assert code == ""
        elif not code:
            assert (before == "announced") or before in ("held", "seized")
            assert not self.why_not(serial, Decimal(kg), one.day)
            assert one.kg == Decimal(kg) or self.trade.fits(serial, Decimal(kg), one.day, self.now)
            one.kg = Decimal(kg)
            if not one.elsewhere:
                self.set_aside(one)

    @rule(nth=NTH)
    def cancel(self, nth: int) -> None:
        serial = self.pick(nth)
        row = self.movement(HOME, serial) if serial else None
        if row is None:
            return
        _row, code = self.act(HOME, "notifier", movements.cancel, row.pk, reason="no ship")
        one = self.trade.shipments[serial]
        assert (code == "") == (row.status in ("draft", "announcing", "announced"))
        if not code:
            one.given_up, one.set_aside, one.waits = True, False, False

    @rule(nth=NTH, kg=KG, seen=st.booleans(), ago=st.sampled_from([0, 0, 0, 6, 30]))
    def depart(self, nth: int, kg: str, seen: bool, ago: int) -> None:
        """By the notifier, guarded; or seen by customs, also afterwards, and never refused."""
        serial = self.pick(nth)
        row = self.movement(HOME, serial) if serial else None
        if row is None:
            return
        one, mass = self.trade.shipments[serial], Decimal(kg)
        if seen:
            at = self.now - timedelta(hours=ago)
            _row, code = self.act(HOME, "customs", movements.saw_departure, row.pk, loaded_kg=kg, at=at.isoformat())
            assert (code == "recorded") == (one.loaded is not None)
            assert code in ("", "recorded")
        else:
            _row, code = self.act(HOME, "notifier", movements.depart, row.pk, loaded_kg=kg)
            at = self.now
            expected = "state" if row.status != "announced" else self.why_not(serial, mass, self.today)
            assert code == (expected or ("recorded" if one.loaded is not None else "")), (code, expected)
        if not code:
            if one.used is None:
                one.day = at.astimezone(ZONE).date()
            one.loaded, one.left, one.set_aside, one.waits, one.given_up = mass, at, False, False, False

    @rule(nth=NTH, what=st.sampled_from(["hold", "hold", "release_hold", "seize", "pass_border"]), where=NTH)
    def on_the_way(self, nth: int, what: str, where: int) -> None:
        code = self.route[where % len(self.route)]
        row = self.movement(code, self.pick(nth))
        if row is not None:
            said: dict[str, Any] = {"place": "port"} if what == "pass_border" else {"reason": "x"}
            _row, refused = self.act(code, "customs", getattr(movements, what), row.pk, **said)
            assert what != "pass_border" or not refused, "what was seen is stored"

    @rule(nth=NTH)
    def arrive(self, nth: int) -> None:
        if (row := self.movement(THERE, self.pick(nth))) is not None:
            self.act(THERE, "facility", movements.arrive, row.pk)

    @rule(nth=NTH, more=st.sampled_from([-500, 0, 0, 500]), part=st.sampled_from([0, 0.75, 1, 1]))
    def receive(self, nth: int, more: int, part: float) -> None:
        serial = self.pick(nth)
        if (row := self.movement(THERE, serial)) is None:
            return
        received = max((row.loaded_kg or row.announced_kg) + more, Decimal("0.001"))
        accepted = (received * Decimal(str(part))).quantize(Decimal("0.001"))
        seen = (received, accepted, received - accepted)
        _row, code = self.act(
            THERE, "facility", movements.receive, row.pk, received_kg=str(received), accepted_kg=str(accepted),
            rejected_kg=str(seen[2]), reason="soil",
        )  # fmt: skip
        one = self.trade.shipments[serial]
        assert (code == "recorded") == (one.seen is not None), code
        if not code:
            one.seen = seen
            if seen[2] and not self.open_case(THERE, serial):
                raise AssertionError("what was rejected has its case")
            for case in TakeBack.objects.filter(holder=THERE, movement=row, opener=THERE):
                self.refusals.setdefault(case.case, Refusal(serial, case.custody_kg or Decimal(0), THERE))

    @rule(nth=NTH, final=st.booleans(), tenths=st.integers(1, 11), lost=st.integers(0, 5), certified=st.booleans())
    def complete(self, nth: int, final: bool, tenths: int, lost: int, certified: bool) -> None:
        serial = self.pick(nth)
        row = self.movement(THERE, serial)
        if row is None or not row.accepted_kg:
            return
        taken = (row.accepted_kg * tenths / 10).quantize(Decimal("0.001"))
        loss = Decimal(0) if final else (taken * lost / 10).quantize(Decimal("0.001"))
        said = {"output_kg": str(taken - loss)} if not final else {}
        _row, code = self.act(
            THERE, "facility", movements.complete, row.pk, code="R3" if final else "R12", final=final,
            input_kg=str(taken), loss_kg=str(loss), facility="Example plant", certified=certified, **said,
        )  # fmt: skip
        if not code:
            self.trade.shipments[serial].lots.append((final, taken, loss))

    @rule(nth=NTH)
    def certify(self, nth: int) -> None:
        """Once, of what is completed; closed only with it."""
        if (row := self.movement(THERE, self.pick(nth))) is None:
            return
        if row.completed_at is not None and row.certified_on is None:
            _row, code = self.act(THERE, "competent_authority", movements.close, row.pk)
            assert code in ("certificate", "open_breach", "open_case")
        _row, code = self.act(THERE, "facility", movements.certify, row.pk, certified_by="A. Example")
        assert code == ("state" if row.completed_at is None else "" if row.certified_on is None else "recorded")

    @rule(nth=NTH, kg=KG, loaded=st.booleans())
    def correct(self, nth: int, kg: str, loaded: bool) -> None:
        code = HOME if loaded else THERE
        serial = self.pick(nth)
        if (row := self.movement(code, serial)) is None:
            return
        mass, seen = Decimal(kg), self.trade.shipments[serial].seen
        changes = {"loaded_kg": kg}
        if not loaded:
            if seen is None:
                return
            seen = (mass + seen[2], mass, seen[2])
            changes = {"received_kg": str(seen[0]), "accepted_kg": kg}
        who = "customs" if loaded else "facility"
        made, refused = self.act(code, who, movements.correct, row.pk, changes=changes, reason="wrong scale")
        if not refused:
            self.mended[made.reference] = Mended(serial, code, mass if loaded else None, None if loaded else seen)

    @rule(nth=NTH, where=NTH, agreed=st.sampled_from([True, True, True, False]))
    def answer(self, nth: int, where: int, agreed: bool) -> None:
        code = self.route[where % len(self.route)]
        waiting = list(Correction.objects.filter(holder=code, case=self.case).order_by("proposed_at"))
        if not waiting:
            return
        row = waiting[nth % len(waiting)]
        one = self.mended[row.reference]
        _row, refused = self.act(
            code, "competent_authority", movements.approve_correction, row.pk, approved=agreed, reason="seen"
        )
        assert (refused == "") == (code != one.by and code not in one.answers), refused
        if not refused:
            one.answers[code] = agreed
            self.mend()

    @rule()
    def close_breaches(self) -> None:
        for row in Breach.objects.filter(holder=HOME, case=self.case, closed_at=None, subject="account"):
            _row, code = self.act(HOME, "competent_authority", breaches.close, row.pk, reason="Fined")
            assert code == ""

    @rule(nth=NTH, where=NTH)
    def at_the_border(self, nth: int, where: int) -> None:
        """Never valid against what is known there, nor on a word of the home that is too old."""
        code = self.route[where % len(self.route)]
        serial = self.pick(nth)
        row = self.movement(code, serial) if serial else None
        if row is None or row.status == "draft":
            return
        found, refused = self.act(code, "customs", border.check, f"{self.case}/{serial}")
        assert not refused
        if found[0].answer == "valid":
            told = self.told[code]
            assert not told.stopped
            assert set(told.consents.values()) == {"given"}
            if code != HOME:
                assert told.balance is not None
                assert self.now - told.balance <= TTL
                since = [start for who, start, end, _way in self.stops if who == HOME and end is None]
                assert all(self.now - start <= TTL for start in since)
