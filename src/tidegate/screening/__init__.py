"""What the law says of a shipment."""

from tidegate.screening.decision import decide
from tidegate.screening.shipment import Reject, Shipment, parse_shipment

__all__ = ["Reject", "Shipment", "decide", "parse_shipment"]
