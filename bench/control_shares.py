"""What the rows of bench/control_fill.py are like: the States, and the share of each status."""

from __future__ import annotations

STATES = {
    "DE": "Europe/Berlin", "ID": "Asia/Jakarta", "MY": "Asia/Kuala_Lumpur", "NL": "Europe/Amsterdam",
    "PH": "Asia/Manila", "SG": "Asia/Singapore", "TH": "Asia/Bangkok", "VN": "Asia/Ho_Chi_Minh",
}  # fmt: skip
# Copies of a case: one for each State on its route; half of the routes cross a third State.
COPIES = 2.5
# Movements under a case that was consented to: 1 to this many; 865 of 1000 cases were.
CONSENTED = 0.865
# Status → how many of 1000 cases.
NOTIFICATIONS = {
    "closed": 500, "expired": 250, "withdrawn": 30, "decided_objected": 40, "revoked": 15, "refused_to_forward": 15,
    "active": 80, "suspended": 5, "exhausted": 15, "decided_consented": 10, "transmitted": 10, "acknowledged": 15,
    "incomplete": 3, "submitted": 4, "draft": 8,
}  # fmt: skip
AT_HOME = ("draft", "submitted", "refused_to_forward")
GIVEN = ("closed", "expired", "revoked", "active", "suspended", "exhausted")
CONSENTS = {
    "transmitted": "requested", "acknowledged": "acknowledged", "incomplete": "info_requested",
    "decided_objected": "objected", "withdrawn": "requested", "expired": "expired", "suspended": "suspended",
}  # fmt: skip
# Status → how many of 1000 movements of a case in force; and of a case that has ended.
RUNNING = {
    "closed": 697, "completed": 80, "in_transit": 60, "arrived": 20, "announced": 50, "announcing": 3,
    "received_accepted": 60, "received_partly": 5, "held": 3, "seized": 2, "return_ordered": 1, "received_rejected": 2,
    "interim_done": 2, "returned": 1, "draft": 14,
}  # fmt: skip
ENDED = {"closed": 969, "completed": 6, "cancelled": 25}
LEFT = """('in_transit', 'arrived', 'received_accepted', 'received_partly', 'received_rejected', 'held', 'seized',
 'returned', 'interim_done', 'return_ordered', 'completed', 'closed')"""
RECEIVED = "('received_accepted','received_partly','interim_done','completed','closed')"
