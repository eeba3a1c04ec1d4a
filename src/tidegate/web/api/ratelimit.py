"""A token bucket for each client, in this process: fairness between clients, not a defence against a flood.

With several worker processes each has buckets of its own, so that a client's real limit is up to that many
times the set one.
"""

from __future__ import annotations

import ipaddress
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from threading import Lock

from django.http import HttpRequest

# Clients remembered at once; the one that has been quiet longest is forgotten first, and starts full again.
MOST_CLIENTS = 20_000


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether the units were there; what is left; seconds until the bucket is full, and until enough is there."""

    allowed: bool
    left: int
    full_in: float
    retry_in: float


class Buckets:
    """The buckets of all clients. `clock` gives seconds that never go back."""

    def __init__(self, clock: Callable[[], float] = time.monotonic, most: int = MOST_CLIENTS):
        self._clock = clock
        self._most = most
        self._lock = Lock()
        self._held: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, client: str, cost: float, rate: float, burst: int) -> Verdict:
        """Take `cost` units from the client's bucket, all or nothing. `rate`: units a second, above 0."""
        with self._lock:
            now = self._clock()
            units, then = self._held.pop(client, (float(burst), now))
            units = min(float(burst), units + (now - then) * rate)
            # A batch that costs more than the bucket holds would never pass: it passes when the bucket is full.
            due = min(cost, float(burst))
            allowed = units >= due
            if allowed:
                units -= due
            self._held[client] = (units, now)
            while len(self._held) > self._most:
                self._held.popitem(last=False)
        return Verdict(allowed, int(units), (burst - units) / rate, 0.0 if allowed else (due - units) / rate)

    def clear(self) -> None:
        """Forget every client."""
        with self._lock:
            self._held.clear()


BUCKETS = Buckets()


def client_of(request: HttpRequest, proxies: int) -> str:
    """The client's address. IPv6 counts by /64, the least that one subscriber has.

    `proxies`: how many addresses at the right end of X-Forwarded-For were written by our own proxies; what stands
    further left is whatever the client chose to write.
    """
    address = request.META.get("REMOTE_ADDR") or ""
    if proxies:
        told = [part.strip() for part in request.META.get("HTTP_X_FORWARDED_FOR", "").split(",") if part.strip()]
        if told:
            address = told[-min(proxies, len(told))]
    try:
        found = ipaddress.ip_address(address.partition("%")[0].strip("[]"))
    except ValueError:
        return "unknown"
    if isinstance(found, ipaddress.IPv6Address):
        if found.ipv4_mapped:
            return str(found.ipv4_mapped)
        return str(ipaddress.ip_network((found, 64), strict=False))
    return str(found)
