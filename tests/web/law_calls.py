"""What the tests of the law pages share: a page as a reader sees it, and a rule laid over the book."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.test import Client
from lxml import html as lxml_html


class Seen:
    """A page as a reader sees it."""

    def __init__(self, response: Any) -> None:
        assert response.status_code == 200, (response.status_code, response.request["PATH_INFO"])
        self.response = response
        self.tree: Any = lxml_html.fromstring(response.content.decode())

    def text(self, css: str = "main") -> str:
        return " ".join(" ".join(part.text_content().split()) for part in self.tree.cssselect(css))

    def all(self, css: str) -> list[Any]:
        return list(self.tree.cssselect(css))

    def links(self, css: str = "main") -> list[str]:
        return [a.get("href") for part in self.tree.cssselect(css) for a in part.cssselect("a[href]")]


def see(client: Client, address: str, **headers: str) -> Seen:
    return Seen(client.get(f"/law/{address}", headers=headers))


def overlay(settings: Any, folder: Path, text: str) -> None:
    """Lay YAML over the book of this test."""
    folder.mkdir(exist_ok=True)
    (folder / "laid-over.yaml").write_text(text, encoding="utf-8")
    settings.TIDEGATE_OVERLAYS = (folder,)


RULE = """
state: MY
rules:
- id: {id}
  role: import
  kind: {kind}
  status: {status}
  confidence: high
  from: {start}
  to: {end}
  dates: seen
  event: arrived
  hs: ['3915']
  basel: [any]
  checked: 2026-11-21
  text: {text}
  instrument: {instrument}
  url: {url}
"""


def rule_yaml(**given: str) -> str:
    usual = {
        "id": "MY-IMP-TEST-2031",
        "kind": "prohibition",
        "status": "gazetted",
        "start": "2031-03-04",
        "end": "null",
        "text": "A rule of this test.",
        "instrument": "Order of this test",
        "url": "https://gazette.example/2031",
    }
    return RULE.format(**(usual | given))
