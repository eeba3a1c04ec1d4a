"""Who sees which run: whoever sees its batch; of one that came over the API, whoever has its address."""

from __future__ import annotations

from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest
from django.utils.translation import gettext as _

from tidegate.web.batch import queries as batches
from tidegate.web.batch.models import Batch
from tidegate.web.whatif.models import WhatIf

LISTED = 100


def visible(request: HttpRequest) -> QuerySet[WhatIf]:
    """The runs on batches that this visitor sees, newest first."""
    return WhatIf.objects.select_related("job", "batch").filter(batch__in=batches.visible(request))


def find(request: HttpRequest, token: str, *, api: bool = False) -> WhatIf:
    """The run at an address, for one who may see it; else Http404, whether it exists or not."""
    seen = Q(batch__in=batches.visible(request))
    rows = WhatIf.objects.select_related("job", "batch").filter(seen | Q(batch=None) if api else seen)
    found = rows.filter(token=token).first()
    if found is None:
        raise Http404(_("There is no such run, or it belongs to another browser session."))
    return found


def choosable(request: HttpRequest) -> list[Batch]:
    """The batches whose shipments can be compared."""
    return [batch for batch in batches.visible(request)[:LISTED] if batch.readable]
