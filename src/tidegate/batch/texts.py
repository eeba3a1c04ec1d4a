"""The decisions of a session's sets as the sinks write them: the words of a table, and the JSON.

Few words and few pieces of JSON make up many decisions. So of each set only numbers are kept: which words stand in its
columns, and which pieces, one after the other, are its JSON. Arrow puts the pieces of many rows together at once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from tidegate.batch.summary import Summary
from tidegate.formats.flat_decision import joined
from tidegate.screening.bulk import Session
from tidegate.screening.bulk.keys import Codes, Interner, unique_inverse
from tidegate.screening.bulk.sheets import Line, Reason, compact

HEADS = ("outcome", "entry", "regime")
# columns whose words come from what the layers of a set say
NAMED = ("entry_candidates", "eu_entry", "confidence", "rules", "missing_documents", "question_facts")
TEXTS = ("outcome", "entry", "entry_candidates", "eu_entry", "regime", "confidence", "rulebook", "rules",
         "missing_documents", "question_facts")  # fmt: skip
MOST_KEPT = 5_000  # decisions put together and kept for the next batch
TEXT_BYTES = 16 << 20  # of JSON put together at a time
SETS_A_TICK = 2_000  # decisions put together between two looks at whether the work should end


class BodyTable:
    """The decisions of a session's sets. `offset`: what is added to the number of a set."""

    def __init__(self, session: Session, offset: int = 0):
        self.session, self.offset = session, offset
        self._kept: dict[int, dict[str, Any]] = {}
        self._heads = {name: Interner() for name in HEADS}
        self._head_codes = np.zeros((0, len(HEADS)), dtype=np.int32)
        self._place = np.zeros(0, dtype=np.int32)  # of each set among those that are known, -1 where it is not
        self._words = {name: Interner() for name in NAMED}
        self._codes = np.zeros((0, len(NAMED)), dtype=np.int32)  # the words of each set that is known
        self._reasons = Interner()  # those of some layers together
        self._reason_lists = _Lists()
        self._pieces = _Pieces()
        self._piece_lists = _Lists()

    def head(self, name: str, sets: Codes) -> pa.DictionaryArray:
        """The outcome, entry or regime of each row's set."""
        heads = self.session.heads[len(self._head_codes) :]
        if heads:
            new = [[words(word) for words, word in zip(self._heads.values(), head, strict=True)] for head in heads]
            self._head_codes = np.concatenate([self._head_codes, np.array(new, dtype=np.int32)])
        return _dictionary(self._heads[name].values, self._head_codes[sets, HEADS.index(name)])

    def column(self, name: str, sets: Codes) -> pa.DictionaryArray:
        """One of TEXTS for each row's set."""
        if name in HEADS:
            return self.head(name, sets)
        if name == "rulebook":
            return _dictionary([self.session.book.label], np.zeros(len(sets), dtype=np.int32))
        places = self._known(sets)
        codes = self._codes[places, NAMED.index(name)]
        # of all words only those that these rows have
        distinct, _, inverse = unique_inverse(codes.astype(np.int64))
        words = self._words[name].values
        return _dictionary([_shown(words[code]) for code in distinct.tolist()], inverse.astype(np.int32))

    def texts(self, sets: Codes, heads: pa.StringArray | None = None) -> pa.StringArray:
        """The JSON of each row's set, without the opening brace (`"outcome":…}`), after what stands in `heads`."""
        places = self._known(sets)
        return self._pieces.texts(*self._piece_lists.of(places), heads)

    def slices(self, sets: Codes) -> Iterator[slice]:
        """Rows one after the other, as many at a time as have TEXT_BYTES of JSON."""
        places = self._known(sets)
        sizes = np.cumsum(self._piece_lists.sums(self._pieces.sizes())[places])
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
            found = self._kept[set_id] = self.session.written(set_id)[0]
        return found

    def add_to(self, summary: Summary, sets: Codes, rows: Codes, tick: Callable[[], None] | None = None) -> None:
        """Counts decisions: `sets`, each once, and how many rows have each. tick: see `Tally.settle`."""
        places = self._known(sets, tick)
        session = self.session
        for number, count in zip(sets.tolist(), rows.tolist(), strict=True):
            outcome, entry, _ = session.heads[number]
            route = session.sets[number].route
            summary.add_outcome(outcome, entry, route.export, route.import_, count)
        told: list[Any] = self._reasons.values
        for reasons, count in zip(told, self._reason_lists.weighed(places, rows, len(told)).tolist(), strict=True):
            if count:
                summary.add_reasons({"reasons": [{"rule": rule, "effect": effect} for rule, effect in reasons]}, count)
        for name, counter in (("missing_documents", summary.missing), ("question_facts", summary.questions)):
            known: list[Any] = self._words[name].values
            counts = np.bincount(self._codes[places, NAMED.index(name)], rows, len(known)).astype(np.int64)
            for words, count in zip(known, counts.tolist(), strict=True):
                if count:
                    for word in words:
                        counter[word] += count

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
        codes, reasons, pieces = [], [], []
        for number in new.tolist():
            line = self.session.line(number)
            words, told, text = self._alone(number) if line is None else self._together(line)
            codes.append([known(word) for known, word in zip(self._words.values(), words, strict=True)])
            reasons.append([self._reasons(one) for one in told])
            pieces.append(self._pieces.numbers(text))
        self._place[new] = np.arange(len(self._codes), len(self._codes) + len(new), dtype=np.int32)
        self._codes = np.concatenate([self._codes, np.array(codes, dtype=np.int32)])
        self._reason_lists.extend(reasons)
        self._piece_lists.extend(pieces)

    def _together(self, line: Line) -> tuple[tuple[Any, ...], list[tuple[Reason, ...]], list[str]]:
        """(words of NAMED, reasons, pieces of JSON) of a decision that parts make up."""
        rules = tuple([word for page in line.pages for word in page.reasons.words])
        words = (line.candidates, line.eu_entry, line.confidence, rules, line.lacking, line.asked)
        return words, [page.told for page in line.pages], line.pieces

    def _alone(self, number: int) -> tuple[tuple[Any, ...], list[tuple[Reason, ...]], list[str]]:
        """The same of a decision that was taken row by row, or has alerts of its own."""
        body = self.session.written(number)[0]
        told = tuple([(reason["rule"], reason["effect"]) for reason in body["reasons"]])
        words = (
            joined(body["entry_candidates"]),
            body["eu_entry"],
            body["confidence"],
            tuple(dict.fromkeys(rule for rule, _ in told)),
            tuple(dict.fromkeys(kind for missing in body["missing"] for kind in missing["documents"])),
            tuple(question["fact"] for question in body["questions"]),
        )
        return words, [told], [compact(body)[1:]]


class _Lists:
    """A list of numbers for each place, one after the other."""

    def __init__(self) -> None:
        self._starts = np.zeros(1, dtype=np.int64)
        self._items = np.zeros(0, dtype=np.int32)

    def extend(self, lists: Sequence[Sequence[int]]) -> None:
        """More places."""
        ends = np.cumsum([len(one) for one in lists], dtype=np.int64) + self._starts[-1]
        self._starts = np.concatenate([self._starts, ends])
        self._items = np.concatenate([self._items, np.array([n for one in lists for n in one], dtype=np.int32)])

    def of(self, places: Codes) -> tuple[npt.NDArray[np.int32], Codes]:
        """(the lists of some places one after the other, where each begins and the last ends)."""
        starts = self._starts[places]
        sizes = self._starts[places + 1] - starts
        ends = np.zeros(len(places) + 1, dtype=np.int64)
        np.cumsum(sizes, out=ends[1:])
        return self._items[np.arange(ends[-1]) + np.repeat(starts - ends[:-1], sizes)], ends

    def sums(self, values: Codes) -> Codes:
        """For each place the sum of the values that its list names."""
        total = np.zeros(len(self._items) + 1, dtype=np.int64)
        np.cumsum(values[self._items], out=total[1:])
        return total[self._starts[1:]] - total[self._starts[:-1]]

    def weighed(self, places: Codes, weights: Codes, size: int) -> Codes:
        """For each number below `size` the weights of the places whose lists name it."""
        items, ends = self.of(places)
        return np.bincount(items, weights=np.repeat(weights, np.diff(ends)), minlength=size).astype(np.int64)


class _Pieces:
    """Texts by number, side by side in one buffer."""

    def __init__(self) -> None:
        self._texts = Interner()
        self._ends = np.zeros(1, dtype=np.int64)
        self._bytes = np.zeros(1 << 20, dtype=np.uint8)

    def numbers(self, pieces: Sequence[str]) -> list[int]:
        """The number of each text."""
        return [self._texts(piece) for piece in pieces]

    def sizes(self) -> Codes:
        """Bytes of each text."""
        self._flush()
        return np.diff(self._ends)

    def texts(self, items: npt.NDArray[np.int32], ends: Codes, heads: pa.StringArray | None) -> pa.StringArray:
        """The texts that lists of numbers make (`_Lists.of`), each after its head."""
        self._flush()
        data, offsets = self._bytes, self._ends
        if heads is not None:
            data, offsets = self._beside(heads)
            at = ends[:-1] + np.arange(len(heads))
            whole = np.empty(len(items) + len(heads), dtype=np.int32)
            body = np.ones(len(whole), dtype=bool)
            body[at] = False
            whole[at] = np.arange(len(self._ends) - 1, len(offsets) - 1)
            whole[body] = items
            items, ends = whole, ends + np.arange(len(ends))
        known = pa.LargeStringArray.from_buffers(len(offsets) - 1, pa.py_buffer(offsets), pa.py_buffer(data))
        taken = known.take(pa.array(items))
        _, places, made = taken.buffers()
        rows = np.frombuffer(places, dtype=np.int64, count=len(items) + 1)[ends] if len(items) else np.zeros_like(ends)
        return pa.StringArray.from_buffers(len(ends) - 1, pa.py_buffer(rows.astype(np.int32)), made)

    def _flush(self) -> None:
        """Puts new texts beside the others."""
        new = self._texts.values[len(self._ends) - 1 :]
        if new:
            self._bytes, self._ends = self._beside(pa.array(new, pa.string()))

    def _beside(self, more: pa.StringArray) -> tuple[npt.NDArray[np.uint8], Codes]:
        """(the buffer with other texts behind, where each begins and the last ends)."""
        held = np.frombuffer(more.buffers()[1], dtype=np.int32)[more.offset : more.offset + len(more) + 1]
        first, last, used = int(held[0]), int(held[-1]), int(self._ends[-1])
        if used + last - first > len(self._bytes):
            room = np.zeros((used + last - first) * 5 // 4, dtype=np.uint8)
            room[:used] = self._bytes[:used]
            self._bytes = room
        text = more.buffers()[2]
        if last > first:
            self._bytes[used : used + last - first] = np.frombuffer(text, dtype=np.uint8)[first:last]
        return self._bytes, np.concatenate([self._ends, held[1:].astype(np.int64) - first + used])


def _shown(word: Any) -> str | None:
    """Words as a table shows them."""
    return ";".join(word) or None if isinstance(word, tuple) else word


def _dictionary(words: Sequence[Any], codes: npt.NDArray[np.int32]) -> pa.DictionaryArray:
    """Words by code. Parquet knows no null inside a dictionary: such rows point at nothing instead."""
    known: dict[str, int] = {}
    places = np.array([-1 if word is None else known.setdefault(word, len(known)) for word in words], dtype=np.int32)
    found = places[codes] if len(words) else codes
    index = pa.array(found, mask=found < 0) if (places < 0).any() else pa.array(found)
    return pa.DictionaryArray.from_arrays(index, pa.array(list(known), pa.string()))
