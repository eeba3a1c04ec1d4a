"""The files of a case: added, read, taken away."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.files.uploadedfile import UploadedFile
from django.http import FileResponse, Http404, HttpRequest, HttpResponseBase
from django.shortcuts import redirect
from django.template.defaultfilters import filesizeformat
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from tidegate.movements import evidence
from tidegate.movements.commands import attachments as commands
from tidegate.movements.forms.files import FileForm
from tidegate.movements.models import Attachment
from tidegate.movements.queries import cases, overview
from tidegate.movements.views.acting import expected
from tidegate.parties.access import needs
from tidegate.parties.commanding import Forbidden, Missing, Refused


def _back(request: HttpRequest, case: str) -> Any:
    if request.POST.get("back") == "files":
        return redirect("movements:edit", case=case, step="files")
    response = redirect("movements:case", case=case)
    response["Location"] += "#files"
    return response


@needs(commands.KEEP)
@require_POST
def attach(request: HttpRequest, case: str) -> HttpResponseBase:
    """Add a file."""
    actor = request.actor  # type: ignore[attr-defined]
    row = cases.notification(actor, case)
    form = FileForm(request.POST, request.FILES)
    if not form.is_valid():
        for name, errors in form.errors.items():
            label = form.fields[name].label if name in form.fields else ""
            messages.error(request, f"{label}: {errors[0]}")
        return _back(request, row.case)
    said = form.cleaned_data
    try:
        commands.attach(actor, row.pk, kind=said["kind"], request_id=said["request"], **uploaded(said["file"]))
        messages.success(request, _("The file is kept."))
    except (Missing, Forbidden):
        raise
    except Refused as refused:
        messages.error(request, expected(refused))
    return _back(request, row.case)


def file_of(form: Any) -> dict[str, Any]:
    """The file and its kind of an act's form, as a command takes them."""
    return {"kind": form.cleaned_data["kind"], **uploaded(form.cleaned_data["file"])}


def uploaded(given: UploadedFile[Any]) -> dict[str, Any]:
    """A file that came with a form, as the command takes it. Raises Refused("file") for one that is too large, before
    it is read into memory."""
    if (given.size or 0) > evidence.LARGEST:
        size = filesizeformat(given.size or 0)
        raise Refused("file", _("The file is too large."), field="file", value=size, expected=evidence.AT_MOST)
    return {"name": given.name or "", "media_type": given.content_type or "", "data": given.read()}


@needs(cases.READ)
@require_safe
def read(request: HttpRequest, case: str, pk: UUID) -> HttpResponseBase:
    """The bytes of a file."""
    actor = request.actor  # type: ignore[attr-defined]
    return download(overview.attachments(actor, cases.notification(actor, case)).filter(pk=pk).first())


def download(found: Attachment | None) -> HttpResponseBase:
    """A file, checked anew, always as a download: what a stranger sent is never shown inside our pages. Raises Http404
    where it, or its bytes, are not here."""
    path = None if found is None else evidence.path(found)
    if found is None or path is None:
        raise Http404
    response = FileResponse(path.open("rb"), as_attachment=True, filename=found.name, content_type=found.media_type)
    if found.media_type == "text/plain":
        response["Content-Type"] = "text/plain; charset=utf-8"
    response["X-Content-Type-Options"] = "nosniff"
    return response


@needs(commands.KEEP)
@require_POST
def fetch(request: HttpRequest, case: str, pk: UUID) -> HttpResponseBase:
    """Ask the State that a file came from for it once more."""
    actor = request.actor  # type: ignore[attr-defined]
    row = cases.notification(actor, case)
    if not overview.attachments(actor, row).filter(pk=pk).exists():
        raise Http404
    try:
        asked = commands.fetch(actor, pk)
        messages.success(request, _("It is asked for.") if asked else _("The file is here."))
    except (Missing, Forbidden):
        raise
    except Refused as refused:
        messages.error(request, expected(refused))
    return _back(request, row.case)


@needs(commands.KEEP)
@require_POST
def detach(request: HttpRequest, case: str, pk: UUID) -> HttpResponseBase:
    """Take a file away from a draft."""
    actor = request.actor  # type: ignore[attr-defined]
    row = cases.notification(actor, case)
    if not overview.attachments(actor, row).filter(pk=pk).exists():
        raise Http404
    try:
        commands.detach(actor, pk)
        messages.success(request, _("The file is taken away."))
    except (Missing, Forbidden):
        raise
    except Refused as refused:
        messages.error(request, expected(refused))
    return _back(request, row.case)
