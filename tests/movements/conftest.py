"""What the tests of movements stand on: the browser of the web pages."""

from __future__ import annotations

from tests.exchange.conftest import own_database
from tests.web.conftest import axe, browser, no_js, open_context, page, phone

__all__ = ["axe", "browser", "no_js", "open_context", "own_database", "page", "phone"]
