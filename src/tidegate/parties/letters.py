"""Letters to people. A mail server that fails stops nothing: the page shows what the letter says, too."""

from __future__ import annotations

import logging
from smtplib import SMTPException

from django.conf import settings
from django.core.mail import send_mail
from django.template.loader import render_to_string
from django.utils import translation

from tidegate.parties.models import Membership

log = logging.getLogger("tidegate.parties")


def invitation(membership: Membership, address: str, site: str) -> bool:
    """Tell a person of a new role; with `address`, where the first password is set. False where it was not sent."""
    person = membership.person
    language = person.language or membership.organisation.holder.language or settings.LANGUAGE_CODE
    with translation.override(language):
        context = {
            "membership": membership,
            "address": address,
            "site": site,
            "days": settings.PASSWORD_RESET_TIMEOUT // 86400,
        }
        subject = " ".join(render_to_string("parties/mail/invitation_subject.txt", context).split())
        text = render_to_string("parties/mail/invitation.txt", context)
    try:
        send_mail(subject, text, None, [person.email])
    except (OSError, SMTPException):
        log.exception("the letter to a new role's person could not be sent")
        return False
    return True
