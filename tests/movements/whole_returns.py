"""What people do about a load that must go home (see whole.py)."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import rule

from tests.movements.oracle import Refusal
from tests.movements.whole_core import HOME, KG, NTH, PLAN, THERE
from tests.movements.whole_shipments import Shipments
from tidegate.movements.commands import guarantees, takeback
from tidegate.movements.models import (
    Movement,
    TakeBack,
)


class Returns(Shipments):
    """Findings, answers, plans, signatures, the way home, the end of a case and of the guarantee."""

    @rule(nth=NTH, code=st.sampled_from(["SG", THERE]), kg=KG)
    def find(self, nth: int, code: str, kg: str) -> None:
        serial = self.pick(nth)
        if code not in self.route or (row := self.movement(code, serial)) is None:
            return
        before = self.open_case(code, serial)
        case, refused = self.act(
            code, "customs", takeback.open, row.pk, finding="x", custody_place="port", custody_kg=kg,
            detected_at=(self.now - timedelta(days=3)).isoformat(),
        )  # fmt: skip
        assert (refused == "open_case") == (before is not None), refused
        if not refused:
            self.refusals[case.case] = Refusal(serial, Decimal(kg), code)

    def chosen(self, nth: int) -> tuple[str, Refusal] | None:
        known = sorted(self.refusals)
        return (known[nth % len(known)], self.refusals[known[nth % len(known)]]) if known else None

    @rule(
        nth=NTH,
        what=st.sampled_from("classify inform accept dispute sign agree object home dispose close release".split()),
        where=NTH | st.sampled_from([HOME, THERE]),
        how=st.sampled_from(["art8", "art9_exporter", "art9_importer", "safety", "policy", "returned", "disposed",
                             "transferred", "not_a_case"]),
    )  # fmt: skip
    def refuse(self, nth: int, what: str, where: int | str, how: str) -> None:
        """One State's act on a take-back case."""
        if (found := self.chosen(nth)) is None:
            return
        key, one = found
        code = where if isinstance(where, str) else self.route[where % len(self.route)]
        row = TakeBack.objects.filter(holder=code, case=key).first()
        if row is None:
            return
        office = "competent_authority"
        if what == "classify":
            basis = how if how.startswith("art") or how == "not_a_case" else "art9_exporter"
            more: dict[str, Any] = {"reason": "x"} if basis == "not_a_case" else {}
            grounds = ["d"] if basis.startswith("art9") else []
            _row, refused = self.act(code, office, takeback.classify, row.pk, basis=basis, grounds=grounds, **more)
            if not refused:
                assert code == one.opener
                one.basis, one.ended = basis, one.ended or basis == "not_a_case"
        elif what == "inform":
            _row, refused = self.act(code, office, takeback.inform, row.pk)
            one.informed = one.informed if refused else self.now
        elif what in ("accept", "dispute"):
            self.act(code, office, getattr(takeback, what), row.pk, reason="x")
        elif what == "sign":
            self.act(code, office, takeback.agree_plan, row.pk, number=row.plan_number)
        elif what in ("agree", "object"):
            said = {"agreed": what == "agree", "ground": how, "remarks": "x"}
            _row, refused = self.act(code, office, takeback.consent_return, row.pk, **said)
            # No ground but these stands against a return.
            assert refused or what == "agree" or how in ("safety", "route")
        elif what == "home":
            _row, refused = self.act(code, "customs", takeback.arrived_home, row.pk, kg="1")
            one.home = one.home or not refused
        elif what == "dispose":
            said = {"kg": "1", "operation": "D10", "facility": "Example plant"}
            _row, refused = self.act(code, "customs", takeback.dispose, row.pk, **said)
            one.disposed = one.disposed or not refused
        elif what == "close":
            _row, refused = self.act(code, office, takeback.close, row.pk, how=how, reason="to the prosecutor")
            if not refused:
                whole = one.custody - one.going <= one.custody / 100
                assert {"returned": one.home and whole, "disposed": one.disposed}.get(how, how == "transferred")
                one.ended = True
        else:
            self.release()

    @rule(nth=NTH, how=st.sampled_from(["return", "return", "dispose"]))
    def plan(self, nth: int, how: str) -> None:
        if (found := self.chosen(nth)) is None:
            return
        code = THERE if found[1].basis == "art9_importer" else HOME
        if (row := TakeBack.objects.filter(holder=code, case=found[0]).first()) is not None:
            more = {"facility": "Example plant", "operation": "D10"} if how == "dispose" else {}
            self.act(code, "competent_authority", takeback.plan, row.pk, how=how, **PLAN, **more)

    @rule()
    def plan_and_sign(self) -> None:
        """A plan that everybody signs and consents to."""
        self.plan(0, "return")
        for what in ("sign", "agree"):
            self.settle()
            for code in self.route:
                self.refuse(0, what, code, "")

    @rule(nth=NTH, kg=KG)
    def send_home(self, nth: int, kg: str) -> None:
        if (found := self.chosen(nth)) is None:
            return
        key, one = found
        row = TakeBack.objects.filter(holder=HOME, case=key).first()
        if row is None:
            return
        mass = min(Decimal(kg), one.custody) if nth % 2 else Decimal(kg)
        day = (self.today + timedelta(days=3)).isoformat()
        _row, code = self.act(HOME, "competent_authority", takeback.start_return, row.pk, kg=str(mass), planned_on=day)
        if row.status in ("consents_ok", "returning", "returned"):
            # No more goes home than is in custody.
            assert (code == "custody") == (one.going + mass > one.custody), code
        if not code:
            one.going += mass
            self.serials += 1

    @rule()
    def release(self) -> None:
        """The guarantee stays while a case is open or a shipment is not finished."""
        _row, code = self.act(HOME, "competent_authority", guarantees.release, self.own(HOME).pk)
        if not code:
            self.told[HOME].guarantee = False
            here = TakeBack.objects.filter(holder=HOME, movement__case=self.case)
            assert not here.exclude(status__in=TakeBack.ENDED).exists()
            ended = ("draft", "cancelled", "completed", "closed", "returned", "alternatively_disposed")
            rows = Movement.objects.filter(holder=HOME, case=self.case)
            assert not rows.exclude(status__in=ended).exists()
