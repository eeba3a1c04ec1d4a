"""Pages of a long list: nothing is counted beyond what anybody turns to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.core.paginator import Paginator
from django.utils.functional import cached_property

if TYPE_CHECKING:
    _Paginator = Paginator[Any]
else:
    _Paginator = Paginator  # takes no type arguments while it runs

# Rows that one may turn to; what lies beyond, a filter finds.
MOST = 1000


class Pages(_Paginator):
    """A paginator over a queryset that may be of any length: it counts, and shows, its first MOST rows."""

    @cached_property
    def count(self) -> int:
        """The number of rows, at most MOST."""
        rows: Any = self.object_list
        return int(rows.order_by().values("pk")[:MOST].count())
