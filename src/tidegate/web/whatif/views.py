"""What if the draft regional standard held: choose a batch and limits, wait, read who is touched."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.contrib import messages
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.cache import patch_cache_control
from django.utils.text import slugify
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from tidegate.law import regional
from tidegate.parties.rulebook import book as current_book
from tidegate.web.jobs.models import Job
from tidegate.web.lawpages.charts import svg_answer, theme_of
from tidegate.web.middleware import csp_update
from tidegate.web.whatif import commands, figures, queries
from tidegate.web.whatif.forms import WhatIfForm
from tidegate.web.whatif.models import WhatIf

WAITING_LONG = timedelta(seconds=15)


def private(response: HttpResponseBase) -> HttpResponseBase:
    """A page of one person's data: no shared cache may keep it."""
    patch_cache_control(response, private=True, no_store=True)
    return response


@require_http_methods(["GET", "POST"])
def index(request: HttpRequest) -> HttpResponseBase:
    """The form, filled with the draft as it ships or with the limits of an earlier run (`?from=`); and all runs."""
    batches = queries.choosable(request)
    limits = regional.shipped()
    initial: dict[str, Any] = {"batch": request.GET.get("batch", "")}
    if "from" in request.GET:
        earlier = queries.find(request, request.GET["from"])
        limits = earlier.standard
        initial = {"batch": earlier.batch.token if earlier.batch else "", "any_day": earlier.any_day}
    book = current_book()
    form = WhatIfForm(request.POST or None, batches=batches, book=book, limits=limits, **initial)
    if request.method == "POST" and form.is_valid():
        chosen = next(batch for batch in batches if batch.token == form.cleaned_data["batch"])
        return redirect(commands.start(form.limits, any_day=form.cleaned_data["any_day"], batch=chosen))
    context = {
        "form": form,
        "batches": batches,
        "runs": [(run, figures.asked(run.standard)) for run in queries.visible(request)[: queries.LISTED]],
    }
    return private(render(request, "whatif/index.html", context, status=422 if form.errors else 200))


@require_safe
def show(request: HttpRequest, token: str) -> HttpResponseBase:
    """A run where it stands: its progress, or its outcome."""
    run = queries.find(request, token)
    context: dict[str, Any] = {"run": run, "batch": run.batch, "asked": figures.asked(run.standard)}
    found = run.figures
    if found is None:
        return private(render(request, "whatif/progress.html", {**context, **_progress(run)}))
    book = current_book()
    tables = {
        "by_place": (_("By State whose own answer changes"), _("State or layer")),
        "by_import": (_("By State of import"), _("State of import")),
        "by_export": (_("By State of export"), _("State of export")),
    }
    context |= {
        "found": found,
        "rows_in": found["read"] + found["rejected"],
        "share": found["changed"] / found["read"] if found["read"] else None,
        "moves": figures.lines({"": found["moves"]}, book),
        "tables": [(name, *titles, figures.lines(found[name], book)) for name, titles in tables.items()],
        "pictures": figures.PICTURES,
        "other_book": book.label if book.label != run.rulebook else "",
    }
    return private(render(request, "whatif/result.html", context))


def _progress(run: WhatIf) -> dict[str, object]:
    job, now = run.job, timezone.now()
    return {
        "job": job,
        "percent": job.percent if job else None,
        "elapsed": now - job.started if job and job.started and run.active else None,
        "waiting_long": job is not None and job.state == Job.State.QUEUED and now - job.not_before > WAITING_LONG,
    }


@require_safe
def progress(request: HttpRequest, token: str) -> HttpResponseBase:
    """How far a run is: for htmx the part that changes, or the way to the outcome; else the whole page."""
    run = queries.find(request, token)
    live = bool(request.headers.get("HX-Request")) and request.headers.get("HX-Request-Type") != "full"
    if live and run.active:
        return private(render(request, "whatif/progress_live.html", {"run": run, **_progress(run)}))
    if live:
        response = HttpResponse(status=204)
        response["HX-Redirect"] = run.get_absolute_url()
        return private(response)
    return redirect(run)


@require_POST
def cancel(request: HttpRequest, token: str) -> HttpResponseBase:
    """Stop a run; its limits stay and can be tried again."""
    run = queries.find(request, token)
    commands.cancel(run)
    return redirect(run)


@require_POST
def delete(request: HttpRequest, token: str) -> HttpResponseBase:
    """Remove a run; the batch stays."""
    commands.delete(queries.find(request, token))
    messages.success(request, _("The run was deleted; the batch is still here."))
    return redirect("whatif:index")


@require_safe
def changed(request: HttpRequest, token: str) -> HttpResponseBase:
    """Every shipment whose outcome changes, as CSV."""
    run = queries.find(request, token)
    path = commands.changed_file(run)
    if path is None or run.batch is None:
        raise Http404(_("This run has no outcome yet."))
    response = FileResponse(path.open("rb"), content_type="text/csv; charset=utf-8")
    stem = slugify(run.batch.name.rpartition(".")[0] or run.batch.name) or "batch"
    response["Content-Disposition"] = f'attachment; filename="{stem}-what-if.csv"'
    return private(response)


@require_safe
def picture(request: HttpRequest, token: str, name: str) -> HttpResponseBase:
    """A chart of an outcome as SVG. An outcome does not change, so a browser may keep it."""
    run = queries.find(request, token)
    if name not in figures.PICTURES or run.figures is None:
        raise Http404(name)
    theme = theme_of(request.GET.get("theme"))
    drawn = figures.picture(run, name, theme, narrow=request.GET.get("size") == "narrow")
    # The picture carries its own colours in a <style>; it is drawn here and holds no script.
    return csp_update(svg_answer(drawn), style_src=["'unsafe-inline'"])
