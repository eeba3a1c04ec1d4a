"""The pages of parties and rights; and what every app says about its own pages: `needs`, `signed_in`, `public`."""

from __future__ import annotations

from tidegate.parties.access import answer, needs, private, public, public_urls, signed_in

__all__ = ["answer", "needs", "private", "public", "public_urls", "signed_in"]
