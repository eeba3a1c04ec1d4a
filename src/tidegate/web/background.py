"""The small rounds that every worker makes: the apps below know no workers, so they are registered here."""

from __future__ import annotations

from tidegate.exchange import delivery
from tidegate.movements import rounds
from tidegate.parties import sealing
from tidegate.web.jobs.registry import periodic

# Within a second of a commit its entry is numbered and chained.
periodic(seconds=1)(sealing.seal_all)
# What could not be delivered at once, and all that goes to other nodes.
periodic(seconds=1)(delivery.deliver_due)
# Clocks that lapse, permits and consents that begin or end, reservations that expire, what is overdue.
periodic(seconds=15)(rounds.tick)
