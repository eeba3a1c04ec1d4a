"""What the public sees of a row: nothing that could be guessed or counted (invariant 23)."""

from __future__ import annotations

from uuid import RFC_4122

from hypothesis import given
from hypothesis import strategies as st

from tidegate.parties.ids import ALPHABET, reference, uuid7


@given(prefix=st.sampled_from(["VN", "TH"]), length=st.integers(12, 20))
def test_references_cannot_be_guessed(prefix: str, length: int) -> None:
    """At least sixty random bits; two in a row have no more signs in common than chance gives."""
    made = [reference(prefix, length).removeprefix(f"{prefix}-").replace("-", "") for _ in range(200)]
    assert len(set(made)) == len(made)
    assert {len(one) for one in made} == {length}
    assert length * 5 >= 60
    for place in range(length):
        signs = {one[place] for one in made}
        assert signs <= set(ALPHABET)
        assert len(signs) > 16, "every place takes any sign"
    assert made != sorted(made)


def test_keys_of_rows_rise_with_time_and_cannot_be_guessed() -> None:
    keys = [uuid7() for _ in range(500)]
    assert {(key.version, key.variant) for key in keys} == {(7, RFC_4122)}
    assert len({key.int & (1 << 62) - 1 for key in keys}) == len(keys)
    assert keys == sorted(keys), "what was written later stands later, also within a millisecond"
