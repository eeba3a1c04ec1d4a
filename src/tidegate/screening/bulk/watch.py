"""What the evaluator looked at is the key of its answer.

Two shipments that agree in everything that was looked at, in the order in which it was, get one answer: nothing else
can have made a difference. So a case is evaluated on a shipment that notes what is read of it, and answers are kept in
a tree whose forks are the things read. A thing that the tree cannot tell apart is not kept at all.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import date
from typing import Any

from tidegate.screening.shipment import Shipment

Code = Callable[[str], int | None]


class Watched:
    """A shipment that notes which fields and facts are read of it, in order. `settled`: those not worth a note.

    What was read once is kept as its own: only the first look is of interest, and a rulebook looks often.
    """

    def __init__(self, shipment: Shipment, settled: frozenset[str]):
        self._shipment, self._settled = shipment, settled
        self.reads: dict[str, None] = {}
        self.facts = WatchedFacts(shipment.facts, self.reads)

    def __getattr__(self, name: str) -> Any:
        if name not in self._settled:
            self.reads[name] = None
        found = self.__dict__[name] = getattr(self._shipment, name)
        return found

    def event(self, name: str) -> date:
        """The day of an event: days are settled before anything is read."""
        return self._shipment.event(name)


class WatchedFacts(Mapping[str, Any]):
    """The facts of a watched shipment. To go through all of them is to read what cannot be told apart."""

    __slots__ = ("_facts", "_known", "_reads")

    def __init__(self, facts: Mapping[str, Any], reads: dict[str, None]):
        self._facts, self._reads = facts, reads
        self._known: dict[str, Any] = {}

    def get(self, name: str, default: Any = None) -> Any:
        if name not in self._known:
            self._reads["facts." + name] = None
            self._known[name] = self._facts.get(name)
        found = self._known[name]
        return default if found is None else found

    def __getitem__(self, name: str) -> Any:
        self._reads["facts." + name] = None
        return self._facts[name]

    def __iter__(self) -> Iterator[str]:
        self._reads["facts"] = None
        return iter(self._facts)

    def __len__(self) -> int:
        self._reads["facts"] = None
        return len(self._facts)


class Answers:
    """Answers by what was read: for each root a tree.

    A fork is `[what is read next, {code: what follows}]`; a branch that only one case has taken is
    `(what is read, the codes, the answer)` until another comes along.
    """

    def __init__(self) -> None:
        self._roots: dict[Any, Any] = {}
        self._orders: dict[tuple[str, ...], tuple[str, ...]] = {}

    def find(self, root: Any, code: Code) -> int | None:
        """The answer of a case that was met before; None for a new one. `code`: of a thing read, for this case."""
        node = self._roots.get(root)
        while node.__class__ is list:
            node = node[1].get(code(node[0]))
        if node is None:
            return None
        order, codes, answer = node
        for what, found in zip(order, codes, strict=True):
            if code(what) != found:
                return None
        return answer

    def keep(self, root: Any, code: Code, reads: Mapping[str, None], answer: int) -> None:
        """Remembers an answer, unless something was read that has no code."""
        codes = {what: code(what) for what in reads}
        if None in codes.values():
            return
        ways, at = self._roots, root
        while (node := ways.get(at)) is not None:
            if node.__class__ is tuple:
                order, known, old = node
                if not order:
                    return
                node = ways[at] = [order[0], {known[0]: (self._order(order[1:]), known[1:], old)}]
            # where evaluation read things in another order, the tree's own order holds: it reads no less
            what, ways = node
            at = codes.pop(what) if what in codes else code(what)
        ways[at] = (self._order(tuple(codes)), tuple(codes.values()), answer)

    def _order(self, order: tuple[str, ...]) -> tuple[str, ...]:
        return self._orders.setdefault(order, order)
