"""Renewals of papers in columns, against those of one paper."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import numpy as np
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from tidegate.law.records import Requirement
from tidegate.screening.bulk.columns import number_of
from tidegate.screening.bulk.documents import documents_type
from tidegate.screening.bulk.paper_columns import MOST_RENEWALS, NEVER, _Renewals
from tidegate.screening.papers import end_of
from tidegate.screening.shipment import Document, Reject, _documents

DAYS = st.integers(0, 60).map(lambda n: date(2024, 1, 1) + timedelta(days=n))
LENGTHS = st.none() | st.integers(-1, 100) | st.sampled_from([10**6, 2**62])
RENEWALS = st.lists(st.none() | st.fixed_dictionaries({"from": st.none() | DAYS, "days": LENGTHS}), max_size=10)
PAPERS = st.lists(st.tuples(st.none() | DAYS, st.none() | RENEWALS), min_size=1, max_size=6)
RULES = [None, *(Requirement(("LA_CERT",), renewals_max=most, renewal_days=days)
                 for most in (None, 0, 1, 2) for days in (None, 30))]  # fmt: skip


@given(PAPERS, DAYS, st.sampled_from(RULES))
def test_renewals_move_the_end_of_a_paper_as_for_one_paper(
    papers: list[tuple[date | None, Any]], day: date, rule: Requirement | None
) -> None:
    raw = [{"kind": "LA_CERT", "valid_to": end, "renewals": renewals} for end, renewals in papers]
    column = pa.array([[paper] for paper in raw], documents_type()).flatten()
    renewals, alone = _Renewals.read(column)
    last = np.array([NEVER if end is None else number_of(end) for end, _ in papers])
    found = renewals.moved(last, np.full(len(raw), number_of(day)), rule)
    for n, paper in enumerate(raw):
        document = _read(paper)
        # what no code says, a row by itself does: no paper at all, many renewals, or one for nobody knows how long
        renewed = [days for _, days in document.renewals] if document is not None else [None]
        assert alone[n] == (len(renewed) > MOST_RENEWALS or None in renewed)
        if document is not None and not alone[n]:
            end = end_of(document, day, rule)[0]
            assert found[n] == (NEVER if end is None else number_of(end))


def _read(paper: dict[str, Any]) -> Document | None:
    try:
        read = _documents([{name: value for name, value in paper.items() if value is not None}])
    except Reject:
        return None
    assert read is not None
    return read[0]
