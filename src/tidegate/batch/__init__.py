"""Files in, decisions out: a reader of formats, a screening session, and a writer, with progress and a summary."""

from tidegate.batch.run import WHOLE_SHIPMENT, screen_file
from tidegate.batch.summary import Summary

__all__ = ["WHOLE_SHIPMENT", "Summary", "screen_file"]
