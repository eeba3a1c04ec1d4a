"""Which Basel entry the actual content falls under, in three-valued logic.

The order is that of the lists (law-international.md §1.1): a stream with an entry of its own first, then A3210,
then the B3011 table test by test, else Y48. What is not known leaves several `World`s open; a world is one way in
which the load may turn out. HS narrows the worlds where the content says nothing, and never decides against it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple

from tidegate.law.records import Book, Heading, Stream
from tidegate.screening.shipment import Shipment

Tri = bool | None
ZERO, HUNDRED = Decimal(0), Decimal(100)
PLASTIC_ENTRIES = ("A3210", "B3011", "Y48")
HAZARD_APART = frozenset({"Y46", "Y47"})  # household waste and its ash: these entries do not turn on the hazard
PERFLUOROALKOXY = frozenset({"PFA", "MFA"})  # the third indent of EU3011 in which a mixture may pass


@dataclass(frozen=True, slots=True)
class World:
    """One way in which the load may turn out: its entry, the EU's own, and whether it is waste and hazardous."""

    entry: str | None
    eu: str | None = None
    hazardous: bool = False
    waste: bool = True
    deserves: str | None = None

    @property
    def controlled(self) -> bool:
        """Hazardous (Art. 1(1)) or other waste (Annex II)."""
        return self.waste and (self.hazardous or (self.entry or "")[:1] in ("A", "Y"))

    @property
    def a_list(self) -> bool:
        """Annex VIII waste, and waste hazardous under Art. 1(1)(a) that no list names."""
        return self.waste and (self.hazardous or (self.entry or "")[:1] == "A")


@dataclass(slots=True)
class Classification:
    """The open worlds, and for each fact that would narrow them the entries it decides between."""

    worlds: tuple[World, ...]
    asks: dict[str, tuple[str | None, ...]] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    @property
    def entries(self) -> tuple[str | None, ...]:
        """The entries still open, each once, in a fixed order."""
        seen = dict.fromkeys(w.entry for w in self.worlds)
        return tuple(sorted(seen, key=lambda e: (e is None, e or "")))

    @property
    def decided(self) -> bool:
        return len(self.entries) == 1

    @property
    def eu_entry(self) -> str | None:
        found = {w.eu for w in self.worlds}
        return found.pop() if len(found) == 1 else None


# ── three-valued helpers ───────────────────────────────────────────────────────────────────────────────────


def both(*values: Tri) -> Tri:
    """Kleene's and."""
    if False in values:
        return False
    return None if None in values else True


def at_most(low: Decimal, high: Decimal, limit: Decimal) -> Tri:
    """Whether a number known to lie in [low, high] is at most `limit`."""
    if high <= limit:
        return True
    return False if low > limit else None


def contamination_bounds(s: Shipment) -> tuple[Decimal, Decimal]:
    """What the foreign matter can be, in % of mass: polymers and contamination add up to 100 at most."""
    if s.contamination_pct is not None:
        return s.contamination_pct, s.contamination_pct
    known = sum(s.polymers.values(), ZERO) if s.polymers else ZERO
    return ZERO, max(ZERO, HUNDRED - known)


# ── the classification ─────────────────────────────────────────────────────────────────────────────────────


def classify(s: Shipment, book: Book) -> Classification:
    """The entry of the content on the day of departure, or the ways in which it may still turn out."""
    day = s.event("departed")
    heading = find_heading(s, book)
    waste = waste_status(s, heading)
    if waste is False:
        return Classification((World(None, waste=False),))
    result = _content(s, book, day, heading)
    if waste is None:
        unaware = World(None, waste=False)
        options = tuple(dict.fromkeys((*result.entries, None)))
        return Classification((*result.worlds, unaware), {"waste": options, **result.asks}, result.notes)
    return result


def find_heading(s: Shipment, book: Book) -> Heading | None:
    """The longest heading of the HS table that the declared code falls under, in the edition of the day."""
    return heading_for(s.hs, s.hs_edition or book.edition_on(s.event("arrived")), book)


def heading_for(hs: str | None, edition: str, book: Book) -> Heading | None:
    """The longest heading of the table that `hs` falls under in an edition."""
    if hs is None:
        return None
    for length in range(len(hs), 0, -1):
        heading = book.heading_of.get(hs[:length])
        if heading is not None and (not heading.editions or edition in heading.editions):
            return heading
    return None


def waste_status(s: Shipment, heading: Heading | None) -> Tri:
    """Waste by the declaration, by an Annex IV operation (Art. 2(1)), or by a heading that itself says waste."""
    if s.waste is not None:
        return s.waste
    if s.operation is not None and s.operation != "product":
        return True
    if heading is not None:
        return True if heading.waste == "heading" else None
    if s.hs is not None and s.material is None and s.polymers is None:
        return False  # a code that no waste candidate stands under
    return None if s.operation == "product" or s.hs is not None else True


def hazard_status(s: Shipment) -> Tri:
    """Hazardous under Art. 1(1)(a): Annex I content that shows an Annex III property."""
    if s.annex_i and s.annex_iii:
        return True
    if s.hazardous is not None:
        return s.hazardous
    if s.annex_i == () or s.annex_iii == ():
        return False
    return None


def _content(s: Shipment, book: Book, day: date, heading: Heading | None) -> Classification:
    refuse = s.facts.get("household_refuse_pct")
    if refuse is not None and refuse >= book.parameter("household_refuse_min_pct", (), day).value:
        return _stream(s, book, day, book.streams["household refuse"])
    stream = stream_of(s, book)
    if stream is not None and not stream.plastic:
        return _stream(s, book, day, stream)
    if stream is None and s.polymers is None and heading is not None:
        # a word that the book does not know says less than the heading does
        if heading.material is not None and heading.material in book.streams:
            return _stream(s, book, day, book.streams[heading.material])
        in_force = _in_force(heading.candidates, book, day)
        if in_force and not set(in_force) <= {"A3210", "B3011", "Y48", "B3010"}:
            return _by_heading(s, book, in_force)
        if in_force == ("A3210", "Y48"):
            return _plastic(s, book, day, narrowed=True)
        if not set(heading.candidates) & {"B3011", "Y48", "A3210", "B3010"}:
            return _unlisted(s, book)  # a waste heading of something else
    elif stream is None and s.polymers is None and s.material is not None:
        return _unlisted(s, book)
    return _plastic(s, book, day)


def stream_of(s: Shipment, book: Book) -> Stream | None:
    """The stream that `material` names, unless the shares say that most of the load is something else."""
    stream = book.streams.get(s.material or "")
    if stream is None or stream.plastics_max_pct is None or not s.polymers:
        return stream
    return stream if sum(s.polymers.values(), ZERO) <= stream.plastics_max_pct else None


def _in_force(codes: tuple[str, ...], book: Book, day: date) -> tuple[str, ...]:
    entries = book.entries
    return tuple(sorted(c for c in codes if c in entries and entries[c].in_force(day)))


def _unlisted(s: Shipment, book: Book) -> Classification:
    """Content that no entry of the book names: controlled only when hazardous."""
    hazard = hazard_status(s)
    worlds = [World(None, hazardous=h) for h in (True, False) if hazard is None or hazard is h]
    asks: dict[str, tuple[str | None, ...]] = {"hazardous": (None,)} if hazard is None else {}
    return Classification(tuple(worlds), asks)


def _by_heading(s: Shipment, book: Book, candidates: tuple[str, ...]) -> Classification:
    """Nothing is known of the content: the heading's candidates stay open, less what `hazardous` rules out."""
    hazard = hazard_status(s)
    kept = [c for c in candidates if hazard is None or c in HAZARD_APART or (c[0] == "A") is hazard]
    edition = book.edition_on(s.event("arrived"))
    worlds = tuple(
        World(c, hazardous=c[0] == "A" or hazard is True, deserves=_deserved_by_entry(c, book, edition)) for c in kept
    )
    if not kept:
        # Annex VIII is a presumption that Annex III may rebut; Annex IX ends where hazardous content is shown
        return Classification((World(None, hazardous=bool(hazard)),))
    asks: dict[str, tuple[str | None, ...]] = {}
    if len(kept) > 1:
        if hazard is None and {c[0] == "A" for c in kept} == {True, False}:
            asks["hazardous"] = tuple(kept)
        if len({c for c in kept if c[0] != "A"}) > 1 or len({c for c in kept if c[0] == "A"}) > 1:
            asks["material"] = tuple(kept)
            if set(kept) & {*PLASTIC_ENTRIES, "B3010"}:
                asks["polymers"] = tuple(kept)
    return Classification(worlds, asks)


def _deserved_by_entry(entry: str, book: Book, edition: str) -> str | None:
    if entry in PLASTIC_ENTRIES or entry == "B3010":
        return "3915"
    for stream in book.streams.values():
        if any(code == entry for code, _, _ in stream.entries):
            return _deserved(stream, edition)
    return None


def _deserved(stream: Stream, edition: str) -> str | None:
    current = None
    for start, code in sorted(stream.deserves.items()):
        if start <= edition:
            current = code
    return current


def _stream(s: Shipment, book: Book, day: date, stream: Stream) -> Classification:
    """A stream with entries of its own: the hazard decides between them where they turn on it."""
    edition = s.hs_edition or book.edition_on(s.event("arrived"))
    deserves = _deserved(stream, edition)
    entries = book.entries
    operation = s.operation[0] if s.operation and s.operation != "product" else s.operation
    live = [
        (code, hazardous, operations)
        for code, hazardous, operations in stream.entries
        if code in entries and entries[code].in_force(day)
    ]
    hazard = hazard_status(s)
    worlds: list[World] = []
    asks: dict[str, tuple[str | None, ...]] = {}
    for value in (True, False):
        if hazard is not None and hazard is not value:
            continue
        fitting = [e for e in live if e[1] is None or e[1] is value]
        if not fitting:
            if value and hazard is None and any(e[1] is False for e in live):
                continue  # Annex IX waste is presumed outside until hazardous content is shown
            worlds.append(World(None, hazardous=value, deserves=deserves))
            continue
        for code, turns_on, operations in fitting:
            # an entry that does not turn on the hazard leaves waste hazardous that was shown to be (Art. 1(1)(a))
            shown = code[0] == "A" or hazard is True
            world = World(code, hazardous=value if turns_on is not None else shown, deserves=deserves)
            if not operations:
                worlds.append(world)
            elif operation is None:
                worlds += [world, World(None, hazardous=value, deserves=deserves)]
                asks["operation"] = (code, None)
            else:
                worlds.append(World(None, hazardous=value, deserves=deserves) if operation in operations else world)
    found = tuple(dict.fromkeys(worlds))
    if hazard is None and len({w.hazardous for w in found}) > 1:
        asks["hazardous"] = tuple(dict.fromkeys(w.entry for w in found))
    return Classification(found, asks)


# ── plastics ───────────────────────────────────────────────────────────────────────────────────────────────


class Terms(NamedTuple):
    """All that route and day say of plastics: the limits of what is not the target (%), and the Union's law."""

    listed: bool  # whether the entry is B3011, as from 2021; else it is B3010
    limit: Decimal
    union: Decimal | None = None  # the limit of EU3011, inside the Union
    hazardous: str | None = None  # what the Union calls hazardous plastics


class Content(NamedTuple):
    """All that the tests of plastics read of polymers and contamination under some terms.

    Targets are those that are enough of the load, or may be: (what they are, the fact that this turns on).
    """

    deserves: str
    targets: tuple[tuple[str, str | None], ...]
    union: tuple[tuple[str, str | None], ...] = ()


def terms_of(export: str, import_: str, book: Book, day: date) -> Terms:
    """EU law calls hazardous plastics AC300 inside the Union and towards States of the OECD Decision."""
    route = export, import_
    if not book.entries["B3011"].in_force(day):
        return Terms(False, book.parameter("b3010_non_target_pct", route, day).value)
    limit = book.parameter("b3011_non_target_pct", route, day).value
    inside = [book.in_group(state, ("eu",), day) for state in route]
    if all(inside):
        return Terms(True, limit, book.parameter("eu3011_non_target_pct", route, day).value, "AC300")
    other = import_ if inside[0] else export
    known = any(inside) and book.in_group(other, ("oecd_decision",), day)
    return Terms(True, limit, None, "AC300" if known else None)


def content_of(s: Shipment, book: Book, terms: Terms) -> Content:
    """Polymers and contamination as the tests of plastics see them."""
    deserves = plastic_hs(s, book)
    if not terms.listed:
        return Content(deserves, _old_targets(s, book, terms.limit))
    union = () if terms.union is None else _targets(s, book, terms.union, union=True)
    return Content(deserves, _targets(s, book, terms.limit, union=False), union)


def _plastic(s: Shipment, book: Book, day: date, narrowed: bool = False) -> Classification:
    """A3210, B3011 or Y48 from 2021; B3010 or nothing before (law-international.md §1.2, §1.3)."""
    hazard = hazard_status(s)
    terms = terms_of(s.export, s.import_, book, day)
    content = content_of(s, book, terms)
    if not terms.listed:
        return _plastic_before_2021(s, book, day, hazard, content)
    deserves = content.deserves
    asks: dict[str, tuple[str | None, ...]] = {}
    strict, strict_asks = _b3011(s, book, content.targets)
    if narrowed:
        strict, strict_asks = False, {}
    union = terms.union is not None
    europe: Tri = None
    europe_asks: dict[str, None] = {}
    if union:
        europe, europe_asks = _b3011(s, book, content.union)
    worlds: list[World] = []
    if hazard is not False:
        worlds.append(World("A3210", terms.hazardous, True, True, deserves))
    if hazard is not True:
        for passes in (True, False):
            if strict is not None and strict is not passes:
                continue
            entry = "B3011" if passes else "Y48"
            if not union:
                worlds.append(World(entry, None, False, True, deserves))
                continue
            for eu_passes in (True, False):
                if (europe is not None and europe is not eu_passes) or (passes and not eu_passes):
                    continue
                worlds.append(World(entry, "EU3011" if eu_passes else "EU48", False, True, deserves))
    found = tuple(dict.fromkeys(worlds))
    names = tuple(dict.fromkeys(w.entry for w in found))
    if hazard is None and len(found) > 1:
        asks["hazardous"] = names
    if hazard is not True:
        between: tuple[str | None, ...] = ("B3011", "Y48")
        if strict is None:
            asks.update(dict.fromkeys(strict_asks, between))
        if union and europe is None:
            for fact in europe_asks:
                asks[fact] = tuple(dict.fromkeys((*asks.get(fact, ()), "EU3011", "EU48")))
    return Classification(found, asks)


def _plastic_before_2021(s: Shipment, book: Book, day: date, hazard: Tri, content: Content) -> Classification:
    asks: dict[str, tuple[str | None, ...]] = {}
    listed, listed_asks = _b3010(s, content)
    worlds: list[World] = []
    if hazard is not False:
        worlds.append(World(None, None, True, True, content.deserves))
    if hazard is not True:
        live = book.entries["B3010"].in_force(day)
        if listed is not False and live:
            worlds.append(World("B3010", None, False, True, content.deserves))
        if listed is not True or not live:
            worlds.append(World(None, None, False, True, content.deserves))
    if hazard is None:
        asks["hazardous"] = tuple(dict.fromkeys(w.entry for w in worlds))
    if hazard is not True and listed is None:
        asks.update(dict.fromkeys(listed_asks, ("B3010", None)))
    return Classification(tuple(dict.fromkeys(worlds)), asks)


def deserved_codes(book: Book) -> frozenset[str]:
    """Every HS code that some content may deserve."""
    streams = (code for stream in book.streams.values() for code in stream.deserves.values())
    return frozenset({"3915", *book.polymers.hs.values(), *streams})


def plastic_hs(s: Shipment, book: Book) -> str:
    """The subheading of 39.15 that the polymers deserve; the heading alone when they are not known.

    Where several weigh the same it is the last in numerical order, whichever is named first (General Interpretative
    Rules 3(c) and 6 of the Harmonized System).
    """
    if not s.polymers:
        return "3915"
    most = max(s.polymers.values())
    main = [code for code, share in s.polymers.items() if share == most]
    return "3915" if "mixed" in main else max(polymer_hs(code, book) for code in main)


def polymer_hs(code: str, book: Book) -> str:
    """The subheading of 39.15 for waste of one polymer."""
    hs = book.polymers.hs
    return hs.get(code, hs.get("default", "3915"))


def _old_targets(s: Shipment, book: Book, limit: Decimal) -> tuple[tuple[str, str | None], ...]:
    """The load as the one target of B3010, if it may be clean and holds nothing excluded."""
    low, high = contamination_bounds(s)
    clean = at_most(low, high, limit)
    if clean is False or (s.polymers and not book.polymers.b3010_excluded.isdisjoint(s.polymers)):
        return ()
    kind = "unstated" if s.polymers is None else "listed" if _known(book).issuperset(s.polymers) else "other"
    return ((kind, None if clean else "contamination_pct"),)


def _b3010(s: Shipment, content: Content) -> tuple[Tri, dict[str, None]]:
    """Non-halogenated polymers, cured resins or listed fluoropolymers; unmixed; prepared to a specification."""
    if not content.targets:
        return False, {}
    ((kind, turns_on),) = content.targets
    allowed: Tri = kind == "listed" or (None if kind == "unstated" or s.halogenated is None else not s.halogenated)
    tests: dict[str, Tri] = {
        "to_specification": s.facts.get("to_specification"),
        "polymers" if kind == "unstated" else "halogenated": allowed,
        turns_on or "contamination_pct": None if turns_on else True,
    }
    result = both(*tests.values())
    return result, dict.fromkeys(fact for fact, found in tests.items() if found is None) if result is None else {}


def _known(book: Book) -> frozenset[str]:
    p = book.polymers
    return p.non_halogenated | p.halogenated | p.cured | p.fluoro


def _b3011(s: Shipment, book: Book, targets: Sequence[tuple[str, str | None]]) -> tuple[Tri, dict[str, None]]:
    """Tests 2 to 5 of the table: destination, cleanliness, and the polymers. Test 1 (hazard) comes before."""
    recycling, recycling_asks = _for_recycling(s)
    if recycling is False:
        return False, {}
    content, content_asks = _polymer_tests(s, book, targets)
    result = both(recycling, content)
    if result is not None:
        return result, {}
    return None, {**recycling_asks, **content_asks}


def _for_recycling(s: Shipment) -> tuple[Tri, dict[str, None]]:
    """Test 2: R3, or one temporary storage (R13) followed by R3 on contract or official papers."""
    if s.operation is None:
        return None, {"operation": None}
    if s.operation == "R3":
        return True, {}
    if s.operation != "R13":
        return False, {}
    steps, papers = s.facts.get("storage_steps"), s.facts.get("r3_documented")
    once = None if steps is None else steps <= 1
    asks: dict[str, None] = {}
    if once is None:
        asks["storage_steps"] = None
    if papers is None:
        asks["r3_documented"] = None
    result = both(once, papers)
    return result, asks if result is None else {}


def _polymer_tests(s: Shipment, book: Book, targets: Sequence[tuple[str, str | None]]) -> tuple[Tri, dict[str, None]]:
    """Tests 3 to 5 as one: is some allowed target at least 100 − limit of the load?

    Every allowed target (one polymer, one resin, one listed fluoropolymer, a PE/PP/PET mix) is tried; the load
    passes when one of them passes, and stays open while one of them may.
    """
    outcome: Tri = False
    asks: dict[str, None] = {}
    for kind, turns_on in targets:
        allowed, fact = _allowed(kind, s, book)
        if allowed and turns_on is None:
            return True, {}
        if allowed is not False:
            outcome = None
            if allowed is None:
                asks[fact] = None
            if turns_on is not None:
                asks[turns_on] = None
    return outcome, asks


def _allowed(kind: str, s: Shipment, book: Book) -> tuple[Tri, str]:
    """(whether such a target is allowed, the fact that decides it where that is not known)."""
    if kind == "unstated":
        stream = book.streams.get(s.material or "")
        return False if stream is not None and stream.plastic else None, "polymers"
    if kind == "mixed":
        return None, "polymers"
    if kind in ("fluoro", "perfluoroalkoxy"):
        return None if s.consumer is None else s.consumer == "pre", "consumer"
    if kind == "halogenated":
        return True, ""
    if kind == "other":
        return None if s.halogenated is None else not s.halogenated, "halogenated"
    if kind == "mixable" and not s.halogenated:
        return s.facts.get("separate_recycling"), "separate_recycling"
    return not s.halogenated, ""


def _targets(s: Shipment, book: Book, limit: Decimal, *, union: bool) -> tuple[tuple[str, str | None], ...]:
    """What may be the target: one polymer, or a mixture that may pass, if all else may be within the limit."""
    p = book.polymers
    polymers = s.polymers
    low_c, _ = contamination_bounds(s)
    turns_on = "contamination_pct" if s.contamination_pct is None else "polymers"
    if polymers is None:
        return () if low_c > limit else (("unstated", turns_on),)
    total = sum(polymers.values(), ZERO)
    rest = max(ZERO, HUNDRED - total - low_c) if s.material is not None else ZERO
    unidentified = polymers.get("mixed", ZERO)
    shares = [(kind, share) for code, share in polymers.items() if (kind := _kind(code, book, union))]
    mixtures = [("mixable", p.mixable)]
    if union:
        # entry EU3011 lets mixtures pass inside one indent (facts 5.1, "Intra-EU mixtures")
        mixtures += [("listed", p.non_halogenated), ("listed", p.cured), ("perfluoroalkoxy", PERFLUOROALKOXY)]
    for kind, family in mixtures:
        inside = [share for code, share in polymers.items() if code in family]
        if len(inside) > 1:
            shares.append((kind, sum(inside, ZERO)))
    found: dict[tuple[str, str | None], None] = {}
    for kind, share in shares:
        # non-target: foreign matter, other polymers, and any other material, known and possible
        spare = ZERO if kind == "mixed" else unidentified  # may be of the target, if it is not the target itself
        low = low_c + rest + (total - share - spare)
        high = HUNDRED - share
        if s.contamination_pct is not None and s.material is not None:
            high = low + unidentified
        fits = at_most(low, high, limit)
        if fits is not False:
            found[kind, None if fits else turns_on] = None
    return tuple(found)


def _kind(code: str, book: Book, union: bool) -> str | None:
    """What a polymer is as a target; None where it is never one, as halogenated ones but PVC and PTFE by EU3011."""
    p = book.polymers
    if code == "mixed":
        return "mixed"
    if code in p.fluoro:
        return "fluoro"
    if code in p.halogenated:
        return "halogenated" if union and code in ("PVC", "PTFE") else None
    return "listed" if code in p.non_halogenated or code in p.cured else "other"


def polymer_mix(s: Shipment, book: Book, day: date) -> Any:
    """`single`, `pe_pp_pet` or `other`; None when it cannot be told (registered fact `polymer_mix`)."""
    if not s.polymers:
        return None
    total = sum(s.polymers.values(), ZERO)
    slack = book.parameter("almost_exclusively_pct", (s.export, s.import_), day).value * total / HUNDRED
    unidentified = s.polymers.get("mixed", ZERO)
    identified = [share for code, share in s.polymers.items() if code != "mixed"]
    largest = max(identified, default=ZERO)
    mix = sum((v for k, v in s.polymers.items() if k in book.polymers.mixable), ZERO)
    if total - largest <= slack:
        return "single"
    if unidentified and total - max(largest, mix) - unidentified <= slack:
        return None
    return "pe_pp_pet" if total - mix <= slack else "other"


def target_purity(s: Shipment, book: Book) -> tuple[Decimal, Decimal] | None:
    """Share of the target polymer, or of each polymer of an allowed mix in its own fraction; bounds in %."""
    if not s.polymers:
        return None
    total = sum(s.polymers.values(), ZERO)
    identified = {k: v for k, v in s.polymers.items() if k != "mixed"}
    largest = max(identified.values(), default=ZERO)
    mix = sum((v for k, v in identified.items() if k in book.polymers.mixable), ZERO)
    best = max(largest, mix)
    return best / total * HUNDRED, (best + s.polymers.get("mixed", ZERO)) / total * HUNDRED
