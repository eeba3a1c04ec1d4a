"""Why a message was refused, rejected or stopped: closed lists, each code with a sentence for people.

A *refusal* concerns the envelope: it was not taken in and takes no number. A *rejection* is the answer of the business
step: the message is kept, takes its number and can never block its case.
"""

from __future__ import annotations

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

REFUSALS: dict[str, Promise] = {
    "too_large": _("It is larger than any message may be."),
    "malformed": _("It is not a signed message, or not in the one spelling that is read."),
    "header": _("Its header says something else than algorithm, key and kind, or another of them than is allowed."),
    "signature": _("The signature does not hold."),
    "version": _("It is written in a version that is not known here."),
    "field": _("A field of the envelope is missing or is not what it has to be."),
    "unknown_key": _("Its key is not known here."),
    "retired_key": _("Its key had been retired when it was written."),
    "revoked_key": _("Its key was revoked."),
    "wrong_sender": _("Its key is another State's than the one that it says it is from."),
    "not_addressed": _("It is addressed to somebody else."),
    "id_taken": _("Its id belongs to another message."),
    "number_taken": _("Its number in the case belongs to another message."),
    "chain_broken": _("It does not follow the message that came before it in the case."),
    "holding_full": _("Too many messages wait for one that has not come."),
}

# The sender tries these again; every other refusal stops the message until a person has looked.
PASSING = frozenset({"holding_full"})

REJECTIONS: dict[str, Promise] = {
    "unknown_type": _("This kind of message is not known here."),
    "schema": _("The content is not what this kind of message has to hold."),
    "not_entitled": _("The sender may not say this: the fact is another State's."),
    "unknown_case": _("The case is not known here."),
    "unknown_subject": _("What the message is about is not known here."),
    "not_concerned": _("This State has no part in the case."),
    "wrong_status": _("The case is in a state in which this cannot happen."),
    "stale": _("A later version of the same fact has come already."),
    "duplicate": _("The same fact has come already in another message."),
    "contradiction": _("It contradicts what is on record here."),
    "unknown_reference": _("It refers to something that is not known here."),
    "unknown_code": _("It uses a code that is on no list."),
    "quantity": _("The quantity cannot be right, or is more than is left."),
    "dates": _("The dates cannot be right."),
    "missing_part": _("A part is missing that the procedure asks for."),
    "approval_missing": _("A decision that takes two persons names no second one."),
    "law": _("The law of this State does not allow it."),
    "conflict": _("Somebody changed the same record at that moment, several times."),
    "internal": _("This State's system failed on it; its operator has been told."),
    "other": _("Another reason; see the text."),
}

# Why an own message rests, beside the refusals.
STOPS: dict[str, Promise] = {
    "expired": _("It could not be handed over before its time ran out."),
    "no_route": _("No way to this State is set up."),
    "unreachable": _("The other side does not answer."),
    "bad_answer": _("The other side's answer was not a receipt for this message."),
    "failed": _("The attempt to hand it over failed here."),
}

LABELS: dict[str, Promise] = {**REFUSALS, **REJECTIONS, **STOPS}


def label(code: str) -> str | Promise:
    """The sentence of a code; the code itself where a peer uses one that is not on the list."""
    return LABELS.get(code, code)


def rejection(code: str) -> str:
    """The code where it is on the list, else `other`."""
    return code if code in REJECTIONS else "other"
