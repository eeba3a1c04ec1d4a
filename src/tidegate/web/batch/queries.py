"""Who sees which batch: on one person's machine everybody every one, elsewhere each browser session its own.

There is no sign-in yet. A session holds a secret of its own, a batch the digest of it; the address of a batch carries
192 random bits besides, so that neither can be guessed and one alone opens nothing.
"""

from __future__ import annotations

import hashlib
import secrets

from django.db.models import QuerySet
from django.http import Http404, HttpRequest
from django.utils.translation import gettext as _

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


def visible(request: HttpRequest) -> QuerySet[Batch]:
    """The batches that this visitor sees, newest first."""
    batches = Batch.objects.select_related("job")
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
