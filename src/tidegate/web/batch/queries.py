"""Who sees which batch: on one person's machine everybody every one, elsewhere each browser session its own.

What registers answered an organisation is seen only by who acts for it and may ask them itself. Nothing else asks a
sign-in. A session holds a secret of its own, a batch the digest of it; the address of a batch carries
192 random bits besides, so that neither can be guessed and one alone opens nothing.
"""

from __future__ import annotations

import hashlib
import secrets

from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest
from django.utils.translation import gettext as _

from tidegate.parties.registry import registry
from tidegate.web.batch import conf
from tidegate.web.batch.models import Batch

SECRET = "batch_secret"  # noqa: S105 - the name under which a session keeps it


def owner(request: HttpRequest, *, make: bool = False) -> str:
    """The digest of this browser session's secret; "" where it has none, unless one is to be made."""
    secret = request.session.get(SECRET)
    if not secret and make:
        secret = secrets.token_urlsafe(32)
        request.session[SECRET] = secret
    return hashlib.sha256(secret.encode()).hexdigest() if secret else ""


def organisation(request: HttpRequest) -> str:
    """The key of the organisation for which the visitor may ask registers; "" for everybody else."""
    actor = getattr(request, "actor", None) if request.user.is_authenticated else None
    if not actor or not registry.register_right or not actor.may(registry.register_right):
        return ""
    return str(actor.organisation.pk)


def visible(request: HttpRequest) -> QuerySet[Batch]:
    """The batches that this visitor sees, newest first."""
    batches = Batch.objects.select_related("job").filter(Q(asked_for="") | Q(asked_for=organisation(request)))
    if conf.open_to_all():
        return batches
    mine = owner(request)
    return batches.filter(owner=mine) if mine else batches.none()


def find(request: HttpRequest, token: str) -> Batch:
    """The batch at an address, for one who may see it; else Http404, whether it exists or not."""
    batch = visible(request).filter(token=token).first()
    if batch is None:
        raise Http404(_("There is no such batch, or it belongs to another browser session."))
    return batch
