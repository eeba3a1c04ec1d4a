"""The decisions of a session's sets as the sinks write them: the words of a table, and the JSON.

Few words and few pieces of JSON make up many decisions. So of each set only numbers are kept: which words stand in its
columns, and which pieces, one after the other, are its JSON. Arrow puts the pieces of many rows together at once.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from tidegate.batch.summary import Summary
from tidegate.screening.bulk import Session
from tidegate.screening.bulk.keys import Codes, Interner, KeyIndex, Packer, Records, unique_inverse
from tidegate.screening.bulk.sheets import LISTS, WORDS, Laid, Sheets, candidates_of, items_of

HEADS = ("outcome", "entry", "regime")
TEXTS = ("outcome", "entry", "entry_candidates", "eu_entry", "regime", "confidence", "rulebook", "rules",
         "missing_documents", "question_facts")  # fmt: skip
# every list of a decision, as JSON
LIST_COLUMNS = ("entry_candidates", "layers", *LISTS)
MOST_KEPT = 5_000  # decisions read back and kept for the next batch
TEXT_BYTES = 16 << 20  # of JSON put together at a time
SETS_A_TICK = 4_000  # decisions put together between two looks at whether the work should end


class BodyTable:
    """The decisions of a session's sets. `offset`: what is added to the number of a set. `lists`: whether somebody
    will ask for `list_column`."""

    def __init__(self, session: Session, offset: int = 0, lists: bool = False):
        self.session, self.offset = session, offset
        self._kept: dict[int, dict[str, Any]] = {}
        self._place = np.zeros(0, dtype=np.int32)  # of each set among those that are known, -1 where it is not
        self._words = Records(len(WORDS))
        pieces = _Pieces(session.sheets.pieces)
        self._json, self._rules = _Texts(pieces), _Texts(_Pieces(session.sheets.rules))
        self._columns_of_lists = _ListColumns(session.sheets, pieces) if lists else None
        self._pages = _Lists()
        self._columns: dict[str, pa.StringArray] = {}  # the words of a column

    def column(self, name: str, sets: Codes) -> pa.DictionaryArray:
        """One of TEXTS for each row's set."""
        session = self.session
        if name in HEADS:
            place = HEADS.index(name)
            words = self._shown(name, session.heads.values, lambda head: head[place])
            return _coded(words, session.sets.column("head", sets))
        if name == "rulebook":
            return _dictionary(pa.array([session.book.label]), np.zeros(len(sets), dtype=np.int64))
        places = self._known(sets)
        if name == "rules":
            # a set's rules are put together once for all its rows
            distinct, _, inverse = unique_inverse(places)
            rules = self._rules.of(distinct)
            return _dictionary(pc.if_else(pc.equal(rules, ""), None, rules), inverse)
        words = self._shown(name, session.sheets.words[name].values, _shown)
        return _dictionary(words, self._words.rows[places, WORDS.index(name)])

    def list_column(self, name: str, sets: Codes) -> pa.DictionaryArray:
        """One of LIST_COLUMNS for each row's set, as JSON."""
        assert self._columns_of_lists is not None
        return self._columns_of_lists.of(name, self._known(sets))

    def _shown(self, name: str, words: Sequence[Any], shown: Callable[[Any], str | None]) -> pa.StringArray:
        """Words as a table shows them, made again when there are more."""
        found = self._columns.get(name)
        if found is None or len(found) < len(words):
            found = self._columns[name] = pa.array([shown(word) for word in words], pa.string())
        return found

    def texts(self, sets: Codes, heads: pa.StringArray | None = None) -> pa.StringArray:
        """The JSON of each row's set, without the opening brace (`"outcome":…}`), after what stands in `heads`."""
        return self._json.of(self._known(sets), heads)

    def slices(self, sets: Codes) -> Iterator[slice]:
        """Rows one after the other, as many at a time as have TEXT_BYTES of JSON."""
        places = self._known(sets)
        sizes = np.cumsum(self._json.sizes()[places])
        start = 0
        while start < len(sets):
            done = int(sizes[start - 1]) if start else 0
            stop = max(start + 1, int(np.searchsorted(sizes, done + TEXT_BYTES, side="right")))
            yield slice(start, stop)
            start = stop

    def body(self, set_id: int) -> dict[str, Any]:
        """The decision of a set, without id and row."""
        found = self._kept.get(set_id)
        if found is None:
            if len(self._kept) >= MOST_KEPT:
                self._kept.clear()
            found = self._kept[set_id] = json.loads("{" + self.texts(np.array([set_id]))[0].as_py())
        return found

    def add_to(self, summary: Summary, sets: Codes, rows: Codes, tick: Callable[[], None] | None = None) -> None:
        """Counts decisions: `sets`, each once, and how many rows have each. tick: see `Tally.settle`."""
        places = self._known(sets, tick)
        session = self.session
        head, export, import_ = (session.sets.column(name, sets) for name in ("head", "export", "import_"))
        left = self.to_verify(sets)
        _, first, inverse = unique_inverse(((head << 1 | left) << 20 | export) << 20 | import_)
        states = session.states.values
        for i, count in zip(first.tolist(), _counts(inverse, rows), strict=True):
            (outcome, entry, _), route = session.heads.values[head[i]], (states[export[i]], states[import_[i]])
            summary.add_outcome(outcome, entry, *route, count, to_verify=bool(left[i]))
        pages, ends = self._pages.of(places)
        for page, count in enumerate(_counts(pages, np.repeat(rows, np.diff(ends)))):
            if count:
                told = [{"rule": rule, "effect": effect} for rule, effect in session.sheets.told[page]]
                summary.add_reasons({"reasons": told}, count)
        for name, counter in (("missing_documents", summary.missing), ("question_facts", summary.questions)):
            known = session.sheets.words[name].values
            codes = self._words.rows[places, WORDS.index(name)]
            for words, count in zip(known, _counts(codes, rows), strict=False):
                if count:
                    for word in words:
                        counter[word] += count

    def to_verify(self, sets: Codes) -> npt.NDArray[np.bool_]:
        """For each row's set whether something is left to verify."""
        places = self._known(sets)
        codes = self._words.rows[places, WORDS.index("verify_facts")]
        known = np.array([bool(facts) for facts in self.session.sheets.words["verify_facts"].values], dtype=np.bool_)
        return known[codes]

    # ── sets that are known ────────────────────────────────────────────────────────────────────────────

    def _known(self, sets: Codes, tick: Callable[[], None] | None = None) -> Codes:
        """The place of each set among those that are known; new ones are put together."""
        top = len(self.session.sets)
        if top > len(self._place):
            more = np.full(top - len(self._place), -1, dtype=np.int32)
            self._place = np.concatenate([self._place, more])
        places = self._place[sets]
        if not len(places) or places.min() >= 0:
            return places.astype(np.int64)
        new = np.unique(sets[places < 0])
        for start in range(0, len(new), SETS_A_TICK):
            if tick is not None:
                tick()
            self._learn(new[start : start + SETS_A_TICK])
        return self._place[sets].astype(np.int64)

    def _learn(self, new: Codes) -> None:
        """Puts the decisions of some sets together."""
        session = self.session
        text = session.sets.column("text", new)
        made, told = new[text == 0], new[text > 0]
        if len(made):
            self._add(made, session.sheets.lay(made))
        for number, place in zip(told.tolist(), text[text > 0].tolist(), strict=True):
            self._add(np.array([number]), session.sheets.text(session.texts[place - 1]))

    def _add(self, sets: Codes, laid: Laid) -> None:
        self._place[sets] = np.arange(len(self._words), len(self._words) + len(sets), dtype=np.int32)
        self._words.extend(np.stack([laid.words[name] for name in WORDS], axis=1))
        self._json.lists.extend(laid.pieces(self.session.sheets.between))
        if self._columns_of_lists is not None:
            self._columns_of_lists.extend(laid)
        self._rules.lists.extend(laid.rules)
        self._pages.extend(laid.pages)


class _Lists:
    """A list of numbers for each place, one after the other."""

    def __init__(self) -> None:
        self._starts = np.zeros(1, dtype=np.int64)
        self._items = np.zeros(0, dtype=np.int32)
        self._new: list[npt.NDArray[np.int32]] = []

    def extend(self, lists: npt.NDArray[np.int32]) -> None:
        """More places, a row each; 0 is no number."""
        there = lists > 0
        ends = np.cumsum(np.count_nonzero(there, axis=1), dtype=np.int64) + self._starts[-1]
        self._starts = np.concatenate([self._starts, ends])
        self._new.append(lists[there])

    def _all(self) -> npt.NDArray[np.int32]:
        if self._new:
            self._items, self._new = np.concatenate([self._items, *self._new]), []
        return self._items

    def of(self, places: Codes) -> tuple[npt.NDArray[np.int32], Codes]:
        """(the lists of some places one after the other, where each begins and the last ends)."""
        starts = self._starts[places]
        sizes = self._starts[places + 1] - starts
        ends = np.zeros(len(places) + 1, dtype=np.int64)
        np.cumsum(sizes, out=ends[1:])
        return self._all()[np.arange(ends[-1]) + np.repeat(starts - ends[:-1], sizes)], ends

    def sums(self, values: Codes) -> Codes:
        """For each place the sum of the values that its list names."""
        items = self._all()
        total = np.zeros(len(items) + 1, dtype=np.int64)
        np.cumsum(values[items], out=total[1:])
        return total[self._starts[1:]] - total[self._starts[:-1]]


class _Pieces:
    """Pieces of texts one after the other in one buffer."""

    def __init__(self, pieces: Interner) -> None:
        self._pieces = pieces
        self.ends = np.zeros(1, dtype=np.int64)
        self.bytes = np.zeros(1 << 16, dtype=np.uint8)

    def flush(self) -> None:
        """Puts new pieces beside the others."""
        new = self._pieces.values[len(self.ends) - 1 :]
        if new:
            self.bytes, self.ends = self.beside(pa.array(new, pa.string()))

    def beside(self, more: pa.StringArray) -> tuple[npt.NDArray[np.uint8], Codes]:
        """(the buffer with other texts behind, where each begins and the last ends)."""
        held = np.frombuffer(more.buffers()[1], dtype=np.int32)[more.offset : more.offset + len(more) + 1]
        first, last, used = int(held[0]), int(held[-1]), int(self.ends[-1])
        if used + last - first > len(self.bytes):
            room = np.zeros((used + last - first) * 5 // 4, dtype=np.uint8)
            room[:used] = self.bytes[:used]
            self.bytes = room
        text = more.buffers()[2]
        if last > first:
            self.bytes[used : used + last - first] = np.frombuffer(text, dtype=np.uint8)[first:last]
        return self.bytes, np.concatenate([self.ends, held[1:].astype(np.int64) - first + used])


class _Texts:
    """Texts that pieces make up (`lists`: of each place the numbers of its pieces), side by side in one buffer."""

    def __init__(self, pieces: _Pieces) -> None:
        self.lists = _Lists()
        self._pieces = pieces

    def sizes(self) -> Codes:
        """Bytes of the text of each place."""
        self._pieces.flush()
        return self.lists.sums(np.diff(self._pieces.ends))

    def of(self, places: Codes, heads: pa.StringArray | None = None) -> pa.StringArray:
        """The texts of some places, each after its head."""
        items, ends = self.lists.of(places)
        self._pieces.flush()
        data, offsets = self._pieces.bytes, self._pieces.ends
        if heads is not None:
            known = len(offsets) - 1
            data, offsets = self._pieces.beside(heads)
            at = ends[:-1] + np.arange(len(heads))
            whole = np.empty(len(items) + len(heads), dtype=np.int32)
            body = np.ones(len(whole), dtype=bool)
            body[at] = False
            whole[at] = np.arange(known, len(offsets) - 1)
            whole[body] = items
            items, ends = whole, ends + np.arange(len(ends))
        pieces = pa.LargeStringArray.from_buffers(len(offsets) - 1, pa.py_buffer(offsets), pa.py_buffer(data))
        taken = pieces.take(pa.array(items))
        _, places, made = taken.buffers()
        rows = np.frombuffer(places, dtype=np.int64, count=len(items) + 1)[ends] if len(items) else np.zeros_like(ends)
        return pa.StringArray.from_buffers(len(ends) - 1, pa.py_buffer(rows.astype(np.int32)), made)


class _ListColumns:
    """The lists of decisions as columns of their own: a number for each different list."""

    LONG = ("layers", "reasons")  # put together from pieces; each of the others is one piece

    def __init__(self, sheets: Sheets, pieces: _Pieces) -> None:
        self._pieces = sheets.pieces
        self._codes = Records(len(LIST_COLUMNS))
        self._long = {name: (Packer(), KeyIndex(), _Texts(pieces)) for name in self.LONG}
        self._brackets = [sheets.pieces("["), sheets.pieces("]")]

    def extend(self, laid: Laid) -> None:
        """The lists of more places."""
        long = [self._numbers(name, getattr(laid, name)) for name in self.LONG]
        self._codes.extend(np.stack([laid.start, *long, *laid.lists.T], axis=1))

    def _numbers(self, name: str, rows: npt.NDArray[np.int32]) -> Codes:
        packer, index, texts = self._long[name]
        ids, _, first = index.lookup(packer.pack([(codes, 32) for codes in rows.T], len(rows)))
        opened, closed = (np.full((len(first), 1), piece, dtype=np.int32) for piece in self._brackets)
        texts.lists.extend(np.concatenate([opened, rows[first], closed], axis=1))
        return ids

    def of(self, name: str, places: Codes) -> pa.DictionaryArray:
        """The list of some places, as JSON."""
        codes, _, inverse = unique_inverse(self._codes.rows[places, LIST_COLUMNS.index(name)].astype(np.int64))
        if name in self.LONG:
            return _coded(self._long[name][2].of(codes), inverse)
        read = candidates_of if name == "entry_candidates" else items_of
        return _coded(pa.array([read(self._pieces.values[code]) for code in codes.tolist()], pa.string()), inverse)


def _counts(codes: npt.NDArray[Any], rows: Codes) -> list[int]:
    """How many rows each code stands for. Exact: no count comes near 2^53."""
    return [int(count) for count in np.bincount(codes, weights=rows).tolist()]


def _shown(word: Any) -> str | None:
    """Words as a table shows them."""
    return ";".join(word) or None if isinstance(word, tuple) else word


def _dictionary(words: pa.StringArray, codes: npt.NDArray[Any]) -> pa.DictionaryArray:
    """Words by code, of all words only those that are there. Parquet knows no null inside a dictionary: such rows
    point at nothing instead."""
    distinct, _, inverse = unique_inverse(codes.astype(np.int64))
    return _coded(words.take(pa.array(distinct)), inverse)


def _coded(words: pa.StringArray, inverse: Codes) -> pa.DictionaryArray:
    """Words by place, each different one once."""
    encoded = pc.dictionary_encode(words)
    return pa.DictionaryArray.from_arrays(encoded.indices.take(pa.array(inverse)), encoded.dictionary)
