"""Keys of the bulk path: no two different rows share one, however they are packed and hashed."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidegate.batch.consignments import marks_of
from tidegate.screening.bulk import keys
from tidegate.screening.bulk.keys import KeyIndex, Packer, Word, WordIndex, Words

WIDTHS = st.lists(st.integers(1, 30), min_size=1, max_size=9)


def weak(words: Sequence[Word], rows: int, seed: int) -> Words:
    """A hash that gives nearly every key the hash of another."""
    return REAL(words, rows, seed) >> np.uint64(62) | np.uint64(seed << 2)


REAL = keys.mixed


@pytest.mark.parametrize("hashed", [REAL, weak])
@given(data=st.data(), widths=WIDTHS)
def test_rows_have_one_key_where_they_are_equal_and_only_there(
    hashed: object, data: st.DataObject, widths: list[int]
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(keys, "mixed", hashed)
        packer = Packer()
        row = st.tuples(*(st.integers(0, min(2**bits - 1, 3)) | st.just(2**bits - 1) for bits in widths))
        met: dict[tuple[int, ...], int] = {}
        for _ in range(2):  # what a key is does not turn on the batch
            rows = data.draw(st.lists(row, min_size=1, max_size=12))
            columns = [
                (np.array(codes, dtype=np.int64), bits)
                for codes, bits in zip(zip(*rows, strict=True), widths, strict=True)
            ]
            for key, codes in zip(packer.pack(columns, len(rows)).tolist(), rows, strict=True):
                assert met.setdefault(codes, key) == key
        assert len(set(met.values())) == len(met)


@given(st.lists(st.lists(st.integers(0, 2**64 - 1) | st.integers(0, 1), min_size=3, max_size=3), min_size=1))
def test_ids_are_dense_and_told_with_the_first_row_that_has_them(rows: list[list[int]]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(keys, "mixed", weak)
        words = [Word.of(np.array(word, dtype=np.uint64)) for word in zip(*rows, strict=True)]
        ids, fresh, first = WordIndex().lookup(words, len(rows))
    assert len({(*row, n) for row, n in zip(map(tuple, rows), ids.tolist(), strict=True)}) == len(fresh)
    assert sorted(fresh.tolist()) == sorted(set(ids.tolist())) == list(range(len(fresh)))
    for new, row in zip(fresh.tolist(), first.tolist(), strict=True):
        assert ids.tolist().index(new) == row


def test_columns_of_other_widths_are_other_keys() -> None:
    one = np.array([1], dtype=np.int64)
    packer = Packer()
    forms = ([(one, 3)], [(one, 4)], [(one, 30)] * 3, [(one, 29)] * 3, [(one, 30)] * 4)
    assert len({int(packer.pack(form, 1)[0]) for form in forms}) == len(forms)


@pytest.mark.parametrize("code", [-1, 8])
def test_a_code_that_does_not_fit_is_an_error(code: int) -> None:
    with pytest.raises(OverflowError):
        Packer().pack([(np.array([code], dtype=np.int64), 3)], 1)


@given(st.lists(st.text(max_size=80), min_size=1, max_size=20))
def test_the_mark_of_a_number_does_not_turn_on_its_neighbours(numbers: list[str]) -> None:
    held = pa.array([n.encode("utf-8", "surrogatepass") for n in numbers], pa.binary())
    marks = marks_of(held).tolist()
    assert [int(marks_of(held.slice(n, 1))[0]) for n in range(len(numbers))] == marks


def test_keys_of_many_batches_are_found_again() -> None:
    index, met = KeyIndex(), dict[int, int]()
    draw = np.random.default_rng(7)
    for size in (3, 40, 1_000, 20_000, 20_000):
        batch = draw.integers(-(2**62), 2**62, size) >> draw.choice([0, 20, 50], size)
        ids, fresh, first = index.lookup(batch)
        assert ids[first].tolist() == fresh.tolist() == list(range(len(met), index.size))
        assert all(met.setdefault(key, n) == n for key, n in zip(batch.tolist(), ids.tolist(), strict=True))
    assert sorted(met.values()) == list(range(index.size))
