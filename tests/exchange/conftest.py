"""What the tests of the exchange stand on: three States that trade notes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.exchange import toy
from tidegate.parties.models import State


@pytest.fixture(autouse=True)
def trading(tmp_path: Path, settings: Any) -> Iterator[None]:
    """The toy's messages are known; keys and files lie in a folder of the test's own."""
    settings.TIDEGATE_DATA_DIR = tmp_path
    with toy.trade():
        yield


@pytest.fixture
def three(db: None) -> dict[str, State]:
    """Viet Nam, Thailand and Malaysia on this node; undone after the test, and nothing is delivered by itself."""
    return toy.states()


@pytest.fixture
def three_committed(own_database: None) -> dict[str, State]:
    """The three States in a database of the test's own, in which commits are commits."""
    return toy.states()
