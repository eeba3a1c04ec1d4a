"""What the browser stories of movements stand on: walks by role, and what they leave for looking at."""

from __future__ import annotations

from tests.movements.walking import kept_walks, walk

__all__ = ["kept_walks", "walk"]
