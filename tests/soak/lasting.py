"""How long the soak lasts, and what its chance is: TIDEGATE_SOAK_MINUTES (10) in all, TIDEGATE_SOAK_SEED (any)."""

from __future__ import annotations

import os
import random
import time
from collections.abc import Iterator

MINUTES = float(os.environ.get("TIDEGATE_SOAK_MINUTES") or 10)


def passing(share: float, least: int) -> Iterator[float]:
    """Again and again until a share of the soak is over, and `least` times: how much has passed, from 0 to 1."""
    began, turns = time.monotonic(), 0
    while (passed := min((time.monotonic() - began) / (60 * MINUTES * share), turns / least)) < 1:
        yield passed
        turns += 1


def chance() -> random.Random:
    """What is drawn by lot; the seed is told, so that a run can be had again."""
    seed = int(os.environ.get("TIDEGATE_SOAK_SEED") or random.SystemRandom().randrange(1 << 32))
    print(f"TIDEGATE_SOAK_SEED={seed}")
    return random.Random(seed)
