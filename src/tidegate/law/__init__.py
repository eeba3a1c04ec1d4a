"""What the law says on a day.

The rulebook is data: small cited YAML files (see docs/rulebook-format.md). This room reads them into records,
checks them, and answers questions about the law itself. It knows nothing of shipments.
"""

from tidegate.law.loader import RulebookError, default_overlays, load_rulebook
from tidegate.law.records import Book, Fact, Rule, State

__all__ = ["Book", "Fact", "Rule", "RulebookError", "State", "default_overlays", "load_rulebook"]
