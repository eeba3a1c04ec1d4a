"""What changes next, for calendars (RFC 5545) and feed readers (RFC 4287). Ids stay when a date moves."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, time
from xml.sax.saxutils import escape, quoteattr

from tidegate.law import Book
from tidegate.law.timeline import Change
from tidegate.law.wording import caution_text, layer_text


def book_moment(book: Book) -> datetime:
    """When the book last changed, as far as it says itself: the latest day on which a rule was checked.

    A file made from the same book is the same to the byte, so that a calendar that looks each hour sees no change.
    """
    latest = max((rule.checked for rule in book.rules.values()), default=datetime.now(UTC).date())
    return datetime.combine(latest, time(), UTC)


def atom(book: Book, coming: Sequence[Change], *, title: str, feed: str, page: str, rule_page: str) -> str:
    """An Atom feed, one entry for each change, the nearest first.

    `feed`, `page`: absolute addresses of the feed and of the page. `rule_page`: absolute address in which
    `RULE` stands for the rule's id.
    """
    moment = book_moment(book).strftime("%Y-%m-%dT%H:%M:%SZ")
    parts = [
        '<?xml version="1.0" encoding="utf-8"?>\n<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="en">\n',
        f"<id>{escape(feed)}</id>\n<title>{escape(title)}</title>\n<updated>{moment}</updated>\n",
        f'<link rel="self" type="application/atom+xml" href={quoteattr(feed)}/>\n',
        f'<link rel="alternate" type="text/html" href={quoteattr(page)}/>\n',
        f"<author><name>Tidegate</name></author>\n<generator>Rulebook {escape(book.label)}</generator>\n",
    ]
    for change in coming:
        rule = change.rule
        address = rule_page.replace("RULE", rule.id)
        caution = caution_text(rule)
        text = "\n".join(part for part in (rule.text, rule.instrument, f"({caution})" if caution else "") if part)
        # The id holds rule and what happens, not the day: a date that moves updates the entry.
        parts.append(
            f"<entry>\n<id>{escape(address)}#{change.what}</id>\n"
            f"<title>{escape(f'{change.date.isoformat()} · {layer_text(book, rule)}: {change.sentence}')}</title>\n"
            f"<updated>{rule.checked.isoformat()}T00:00:00Z</updated>\n"
            f'<link rel="alternate" type="text/html" href={quoteattr(address)}/>\n'
            f"<category term={quoteattr(rule.state or rule.layer)}/>\n"
            f'<summary type="text">{escape(text)}</summary>\n</entry>\n'
        )
    parts.append("</feed>\n")
    return "".join(parts)
