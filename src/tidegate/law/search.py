"""Finds rules by words: ids, States, entries, HS codes, instruments, texts and notes, the best first.

Each field has a weight, a whole word counts more than the beginning of one, and a word that stands in few
rules counts more than one that stands in many. Letters are compared without case and without accents.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from tidegate.law.records import Book, Rule
from tidegate.law.wording import condition_text, layer_text

WORD = re.compile(r"\w+(?:\.\d+)*")
WEIGHTS: Mapping[str, float] = {
    "id": 8.0,
    "place": 5.0,
    "scope": 5.0,
    "kind": 3.0,
    "instrument": 4.0,
    "text": 3.0,
    "papers": 3.0,
    "conditions": 2.0,
    "note": 1.0,
}
BEGINNING = 0.4  # what the beginning of a word counts beside the whole word
SHORTEST_BEGINNING = 4


@dataclass(frozen=True, slots=True)
class Hit:
    """A rule that was found. `score`: higher is better. `fields`: where the words stand."""

    rule: Rule
    score: float
    fields: tuple[str, ...]


def search(book: Book, words: str, *, limit: int | None = 50) -> list[Hit]:
    """The rules in which all of `words` stand; where none has them all, those that have most of them."""
    wanted = list(dict.fromkeys(_words(words)))
    if not wanted:
        return []
    index = _index(book)
    found: list[tuple[int, Hit]] = []
    rarity = {word: _rarity(word, index) for word in wanted}
    for rule_id, rule_fields in index.items():
        score, held, where = 0.0, 0, Counter[str]()
        for word in wanted:
            best = 0.0
            for field, counts in rule_fields.items():
                value = WEIGHTS[field] * _strength(word, counts)
                if value:
                    where[field] += 1
                    best += value
            held += best > 0
            score += best * rarity[word]
        if held:
            named = sorted(where, key=lambda f: -WEIGHTS[f])
            found.append((held, Hit(book.rules[rule_id], round(score, 6), tuple(named))))
    most = max((held for held, _ in found), default=0)
    hits = [hit for held, hit in found if held == most]
    hits.sort(key=lambda hit: (-hit.score, hit.rule.order))
    return hits[:limit]


def _rarity(word: str, index: Mapping[str, Mapping[str, Counter[str]]]) -> float:
    holding = sum(any(_strength(word, counts) for counts in fields.values()) for fields in index.values())
    return math.log(1 + len(index) / (1 + holding))


def _strength(word: str, counts: Counter[str]) -> float:
    """1 for the whole word and a little for each time more, less for its beginning."""
    whole = counts.get(word, 0)
    if whole:
        return 1.0 + 0.2 * math.log(whole)
    if len(word) >= SHORTEST_BEGINNING and any(other.startswith(word) for other in counts):
        return BEGINNING
    return 0.0


def _words(text: str) -> Iterator[str]:
    plain = unicodedata.normalize("NFKD", text)
    plain = "".join(c for c in plain if not unicodedata.combining(c)).casefold().replace("đ", "d")
    for match in WORD.findall(plain):
        # HS codes are written with and without dots
        yield match.replace(".", "") if match.replace(".", "").isdigit() else match


_INDEXES: dict[str, dict[str, dict[str, Counter[str]]]] = {}


def _index(book: Book) -> dict[str, dict[str, Counter[str]]]:
    """The words of each rule, field by field; made once for each rulebook."""
    found = _INDEXES.get(book.hash)
    if found is None:
        if len(_INDEXES) > 8:
            _INDEXES.clear()
        found = _INDEXES[book.hash] = {rule.id: _fields(book, rule) for rule in book.rules.values()}
    return found


def _fields(book: Book, rule: Rule) -> dict[str, Counter[str]]:
    conditions = [rule.when, *rule.fails, *rule.unless]
    kinds = [kind for requirement in rule.documents for kind in requirement.kinds]
    names = [book.documents[k.partition(":")[0]].name for k in kinds if k.partition(":")[0] in book.documents]
    texts = {
        "id": rule.id,
        "place": f"{layer_text(book, rule)} {rule.state or ''}",
        "scope": " ".join((*rule.basel, *rule.hs, *rule.suspects)),
        "kind": f"{rule.kind} {rule.regime or ''} {rule.status}".replace("_", " "),
        "instrument": rule.instrument,
        "text": rule.text,
        "papers": " ".join((*kinds, *names)).replace("_", " "),
        "conditions": " ".join(condition_text(c) for c in conditions if c is not None),
        "note": f"{rule.note} {rule.penalty}",
    }
    out = {}
    for field, text in texts.items():
        found = list(_words(text))
        if field == "id":
            found.append(text.casefold())
        if field == "papers":
            found += [k.casefold() for k in kinds]
        out[field] = Counter(found)
    return out
