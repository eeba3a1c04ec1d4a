"""The exchange in words: states of messages with their tone, and what was verified."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

# state → (tone of the badge, icon)
TONES = {
    "queued": ("verify", "hourglass"),
    "sent": ("verify", "send"),
    "received": ("verify", "check"),
    "accepted": ("clear", "circle-check"),
    "rejected": ("prohibited", "circle-x"),
    "expired": ("undetermined", "clock"),
    "stopped": ("undetermined", "hand-stop"),
}

CHECKS = {
    "bytes": _("The bytes are those that were signed"),
    "signature": _("The envelope's signature is the sender's"),
    "receipt": _("The receipt's signature is the receiver's"),
    "bound": _("The receipt is for these very bytes"),
    "log": _("The log's entry follows from the one before it"),
}
