"""Shipments of which everything is known, made out of any: the oracle answers nothing that is open."""

from __future__ import annotations

import random
from collections.abc import Mapping
from typing import Any

from tests.screening.aim import Raw, Vocabulary

WORKED_OUT = ("foreign_matter_pct", "target_purity_pct", "direct_shipment")
OPERATIONS = ("R3", "R3", "R3", "R13", "R1", "R12", "D1", "D10", "product")


def complete(raw: Mapping[str, Any], v: Vocabulary, draw: random.Random) -> Raw:
    """A copy in which every fact has a value: what is stated stays, the rest is drawn."""
    book = v.book
    out: Raw = {k: raw[k] for k in ("id", "date", "export", "import", "origin", "events") if raw.get(k)}
    if raw.get("transit"):
        out["transit"] = [s["state"] if isinstance(s, Mapping) else s for s in raw["transit"]]
    out["waste"] = raw["waste"] if raw.get("waste") is not None else draw.random() < 0.97
    out["operation"] = raw.get("operation") or draw.choice(OPERATIONS)
    if out["waste"] is False:
        out["operation"] = "product"
    out["consumer"] = raw.get("consumer") or draw.choice(["pre", "post"])
    shown = raw.get("annex_i") and raw.get("annex_iii")
    out["hazardous"] = bool(shown) or (raw["hazardous"] if raw.get("hazardous") is not None else draw.random() < 0.25)
    out["hs"] = _code(raw.get("hs") or draw.choice(v.hs_codes))
    if draw.random() < 0.1:
        out["hs_edition"] = draw.choice([e for e, _ in book.editions])
    if raw.get("net_kg") is not None:
        out["net_kg"] = raw["net_kg"]
    _composition(raw, out, v, draw)
    out["facts"] = _facts(raw, v, draw)
    out["documents"] = [_paper(p) for p in raw.get("documents") or () if isinstance(p, Mapping)]
    return out


def _code(code: str) -> str:
    """Eight digits at least: a shorter code leaves open under which line it falls."""
    return (code + "00000000")[: max(8, len(code))]


def _composition(raw: Mapping[str, Any], out: Raw, v: Vocabulary, draw: random.Random) -> None:
    """Shares that add up to 100, or a material that is the rest; no two main polymers of one size."""
    streams = v.book.streams
    material = raw.get("material")
    word = " ".join(str(material).lower().replace("_", " ").split()) if material else None
    word = None if word in ("plastic", "plastics") else word  # the vocabulary draws no other words for plastic
    if word is not None:
        out["material"] = word
    polymers = {c: p for c, p in (raw.get("polymers") or {}).items() if c != "mixed" and p}
    foreign = raw.get("contamination_pct")
    stream = streams.get(word or "")
    # under a heading of the table a word that nobody knows leaves open what the heading may hold
    listed = stream is None and any(out["hs"][:n] in v.book.heading_of for n in range(2, len(out["hs"]) + 1))
    if not polymers and (word is None or listed or (stream is not None and stream.plastic)):
        codes = draw.sample([c for c in v.polymers if c != "mixed"], draw.choice([1, 1, 2, 3]))
        polymers = dict(zip(codes, (90, 6, 2), strict=False))
    total = sum(polymers.values())
    if foreign is None:
        foreign = draw.choice([0, 0.5, 1, 2, 3, 5])
    foreign = round(min(float(foreign), max(0.0, 100 - total)), 6)
    if word is None:
        main = max(polymers, key=lambda c: polymers[c])
        polymers[main] = round(polymers[main] + 100 - total - foreign, 6)
    out["contamination_pct"] = foreign
    if polymers:
        out["polymers"] = polymers
    p = v.book.polymers
    folded: dict[str, float] = {}
    for code, share in polymers.items():
        name = code.lower() if code.lower() in p.cured else p.grades.get(code.upper(), code.upper())
        folded[name] = folded.get(name, 0) + share
    ranked = sorted(folded.values(), reverse=True)
    if len(ranked) > 1 and ranked[0] == ranked[1]:
        first = next(iter(polymers))
        out["polymers"] = {first: round(sum(polymers.values()), 6)}
        folded = {next(iter(folded)): out["polymers"][first]}
    strange = set(folded) - p.non_halogenated - p.halogenated - p.cured - p.fluoro
    if folded and len(strange) == len(folded):
        out["halogenated"] = raw["halogenated"] if raw.get("halogenated") is not None else draw.random() < 0.5
    elif strange or not set(folded) & (p.halogenated | p.fluoro):
        out["halogenated"] = False
    if stream is not None and not stream.plastic:
        kinds = {hazardous for _, hazardous, _ in stream.entries}
        if kinds == {None}:
            # an entry that presumes the hazard, or does not ask for it: stated as the entry has it
            out["hazardous"] = stream.entries[0][0].startswith("A")


def _facts(raw: Mapping[str, Any], v: Vocabulary, draw: random.Random) -> Raw:
    stated = {k: x for k, x in (raw.get("facts") or {}).items() if ":" not in k and x is not None and k in v.facts}
    for name, values in v.facts.items():
        if name in stated or (name in WORKED_OUT and draw.random() < 0.8):
            continue
        if name == "household_refuse_pct":
            stated[name] = draw.choice([0, 0, 0, 0, *values])
        else:
            stated[name] = draw.choice(values)
    return stated


def _paper(paper: Mapping[str, Any]) -> Raw:
    """Kind, day of issue and standard, each spelled one way."""
    out: Raw = {"kind": paper["kind"]}
    if paper.get("issued"):
        out["issued"] = paper["issued"]
    if paper.get("standard"):
        out["standard"] = paper["standard"].upper().replace(" ", "").partition("/")[0]
    return out
