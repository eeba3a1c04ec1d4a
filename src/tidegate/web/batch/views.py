"""The list of batches, and a batch on its way to a result: upload, columns, progress."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.cache import patch_cache_control
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from tidegate.formats import FormatError, load_map, read_map, shipped_maps
from tidegate.law import Book
from tidegate.parties.actors import Actor
from tidegate.parties.rulebook import book as current_book
from tidegate.web import registers, words
from tidegate.web.batch import commands, conf, mapping, queries, store
from tidegate.web.batch.models import Batch
from tidegate.web.batch.result_views import result
from tidegate.web.batch.source import Look, Trial, look, trial
from tidegate.web.batch.targets import groups, label
from tidegate.web.batch.uploads import Handler, Incoming, foreign

LISTED = 100
WAITING_LONG = timedelta(seconds=15)
LARGEST_MAP = 512 * 1024


def private(response: HttpResponseBase) -> HttpResponseBase:
    """A page of one person's data: no shared cache may keep it."""
    patch_cache_control(response, private=True, no_store=True)
    return response


@require_safe
def index(request: HttpRequest) -> HttpResponseBase:
    """The upload, and the batches that this visitor sees."""
    return private(_index(request))


def _index(request: HttpRequest, errors: list[str] | None = None, status: int = 200) -> HttpResponse:
    batches = list(queries.visible(request)[:LISTED])
    return render(
        request,
        "batch/index.html",
        {
            "batches": [{"batch": batch, "bar": _bar(batch)} for batch in batches],
            "errors": errors or [],
            "largest": conf.max_bytes(),
            "most_files": conf.max_files(),
            "keep": conf.keep(),
            "open": conf.open_to_all(),
        },
        status=status,
    )


def _bar(batch: Batch) -> list[dict[str, Any]]:
    """The outcomes of a batch as parts of a bar of 1000."""
    clear = batch.outcomes.get("clear", 0)
    parts = [(words.TONES[name], batch.outcomes.get(name, 0)) for name in ("prohibited", "undetermined", "needs")]
    parts += [(words.TONES["verify"], batch.checks), (words.TONES["clear"], clear - batch.checks)]
    x, made = 0.0, []
    for tone, count in parts:
        width = 1000 * count / max(1, batch.decided)
        made.append({"tone": tone, "count": count, "x": round(x, 1), "width": round(max(0, width - 4), 1)})
        x += width
    return made


@csrf_exempt
@require_http_methods(["GET", "POST"])
def upload(request: HttpRequest) -> HttpResponseBase:
    """A new file. The handler has to be in place before anything reads the request, the check for forgery included."""
    if request.method == "GET":
        return redirect("batch:index")
    handler = Handler(request)
    request.upload_handlers = [handler]
    return private(_upload(request, handler))


@csrf_protect
def _upload(request: HttpRequest, handler: Handler) -> HttpResponseBase:
    try:
        files = [file for file in request.FILES.getlist("files") if isinstance(file, Incoming)]
    except OSError as error:
        if error.errno == 28:  # ENOSPC
            return _index(request, [_("The disk of this installation is full: the file could not be stored.")], 507)
        raise
    errors = _objections(files, handler)
    if errors:
        return _index(request, errors, 413 if handler.too_large else 400)
    batch = commands.create(queries.owner(request, make=True), files)
    try:
        look(store.source(batch))
    except FormatError as error:
        # What the right encoding would make readable is kept, so that it can be named on the next page.
        if not _readable(batch, {"encoding": "iso-8859-1"}):
            commands.delete(batch)
            return _index(request, [words.refusal(str(error))], 400)
    return redirect(batch)


def _objections(files: list[Incoming], handler: Handler) -> list[str]:
    """Why the upload cannot be taken, in words."""
    if handler.too_large:
        return [
            _("The upload is larger than %(most)s. Cut it into parts, or use the command line, which has no limit.")
            % {"most": _size(handler.limit)}
        ]
    if not files:
        return [_("No file was chosen.")]
    if handler.too_many:
        return [_("At most %(most)s files are taken at once.") % {"most": handler.most_files}]
    errors = [reason for file in files if (reason := foreign(file.path, str(file.name)))]
    if not errors and len(files) > 1 and not all(str(f.name).lower().endswith((".xml", ".xml.gz")) for f in files):
        errors.append(_("Several files are read as one batch only where all of them are ASYCUDA XML."))
    return errors


def _readable(batch: Batch, options: dict[str, str]) -> bool:
    try:
        look(store.source(batch), options)
    except FormatError:
        return False
    return True


def _size(size: int) -> str:
    from django.template.defaultfilters import filesizeformat

    return str(filesizeformat(size))


@require_safe
def show(request: HttpRequest, token: str) -> HttpResponseBase:
    """A batch where it stands: its columns, its progress, or its result."""
    batch = queries.find(request, token)
    if batch.state == Batch.State.DONE:
        return private(result(request, batch))
    if batch.state == Batch.State.DRAFT:
        return redirect("batch:columns", token=token)
    return private(render(request, "batch/progress.html", _progress(batch)))


# ── columns ────────────────────────────────────────────────────────────────────────────────────────────────


@require_http_methods(["GET", "POST"])
def columns(request: HttpRequest, token: str) -> HttpResponseBase:
    """Which column is which field: the guess, changed and tried until it is right, then started."""
    batch = queries.find(request, token)
    if batch.active or batch.result:
        return redirect(batch)
    if request.method == "POST" and request.POST.get("do") in ("file", "shipped", "guess"):
        return private(_take_map(request, batch))
    return private(_columns(request, batch))


def _take_map(request: HttpRequest, batch: Batch) -> HttpResponseBase:
    """Another map than the form's: a file, one that comes with Tidegate, or the guess again."""
    what = request.POST["do"]
    try:
        if what == "guess":
            commands.set_map(batch, None)
        elif what == "shipped":
            commands.set_map(batch, _shipped(request.POST.get("shipped", "")))
        else:
            given = request.FILES.get("map")
            if given is None:
                raise FormatError(_("No map file was chosen."))
            if (given.size or 0) > LARGEST_MAP:
                raise FormatError(_("A map of columns is not that large."))
            found = read_map(given.read().decode("utf-8-sig", "replace"), store.safe_name(given.name or "map"))
            commands.set_map(batch, {**found.definition, "name": _not_ours(found.name)})
    except FormatError as error:
        messages.error(request, str(error))
    except commands.NotNow:
        return redirect(batch)
    return HttpResponseRedirect(request.path)


def _shipped(name: str) -> dict[str, Any]:
    """A map that comes with Tidegate. Only a listed name is opened: anything else would be a path on this machine."""
    if name not in shipped_maps():
        raise FormatError(_("No map of that name comes with Tidegate."))
    return load_map(name).definition


def _not_ours(name: str) -> str:
    """A map file may call itself what it likes, but not what the form calls its own."""
    return f"{name} (file)" if name == mapping.CONFIRMED else name


def _columns(request: HttpRequest, batch: Batch) -> HttpResponseBase:
    post = request.POST if request.method == "POST" else None
    book = current_book()
    saved = batch.map
    # A map of a file is taken whole: the page shows no choices, so none are sent.
    whole = saved is not None and saved.get("name") != mapping.CONFIRMED and (post is None or "c0" not in post)
    options = mapping.posted_options(post) if post is not None and not whole else mapping.options_of(saved)
    seen: Look | None = None
    tried: Trial | None = None
    error = ""
    made: Any = saved
    try:
        seen = look(store.source(batch), options)
        if whole:
            choices = mapping.kept(saved or {}, seen)
        else:
            if post is not None and "c0" in post:
                choices = mapping.posted(post, seen, options)
            elif saved is not None and post is None:
                choices = mapping.kept(saved, seen)
            else:
                choices = mapping.guessed(seen, options)
            made = mapping.definition(choices, seen)
        form = mapping.form(choices, seen, book, None)
        if whole or form.ready:
            tried = trial(store.source(batch), made, book)
            form = mapping.form(choices, seen, book, tried)
        if not seen.rows:
            error = _nothing_to_read(batch, options, book)
    except FormatError as slip:
        error = words.refusal(str(slip))
        form = mapping.Form([], mapping.Choices(options=options), [], [])
    context = {
        "batch": batch,
        "look": seen,
        "form": form,
        "trial": tried,
        "error": error,
        "whole": whole,
        "map": saved,
        "map_missing": load_map(saved or {}).missing_columns(seen.headers) if whole and seen else [],
        "groups": groups(book, form.choices.chosen),
        "missing": [(name, label(name, book)) for name in form.missing],
        "lacking": [name for name in mapping.REQUIRED if name not in form.choices.chosen] if seen and not whole else [],
        "id_parts": [*form.choices.parts, "", "", ""][: mapping.ID_PARTS],
        "parts": [header for header in (seen.headers if seen else []) if "{" not in header and "}" not in header],
        "problems": [
            (label(problem.field, book), problem, mapping.expectation(problem.expected)) for problem in tried.worst
        ]
        if tried
        else [],
        "options": options,
        "encodings": mapping.ENCODINGS,
        "delimiters": mapping.DELIMITERS,
        "states": sorted((words.state_name(code, book.states), code) for code in book.states),
        "shipped": shipped_maps(),
        "asks_registers": registers.of_page(request, book) is not None,
        "registers_wanted": post is not None and post.get("registers") == "y",
        "may_start": not error and (form.ready or whole) and tried is not None,
        "largest_map": LARGEST_MAP,
    }
    if post is not None and post.get("do") == "start" and context["may_start"]:
        try:
            commands.start(batch, made, _asking(request, context))
        except commands.NotNow:
            pass  # it was started in another window: the page that follows shows it
        return redirect(batch)
    if post is not None and not error:
        try:
            commands.set_map(batch, made, seen.format if seen else "")
        except commands.NotNow:
            return redirect(batch)
    live = request.headers.get("HX-Request") and request.headers.get("HX-Request-Type") != "full"
    response = render(request, "batch/columns_live.html" if live else "batch/columns.html", context)
    response["Vary"] = "HX-Request, HX-Request-Type"
    return response


def _nothing_to_read(batch: Batch, options: dict[str, str], book: Book) -> str:
    """Why not one row of a file was read, where that is not the fault of its columns."""
    worst = trial(store.source(batch), {"source": dict(options)} if options else None, book).worst
    return words.refusal(worst[0].message) if worst else _("The file holds no rows: nothing stands below its headers.")


def _asking(request: HttpRequest, context: dict[str, Any]) -> Actor | None:
    """Who asks the registers, where the form says so and the visitor may."""
    if not (context["asks_registers"] and context["registers_wanted"]):
        return None
    actor = request.actor  # type: ignore[attr-defined]
    found: Actor = getattr(actor, "_wrapped", actor)
    return found


@require_safe
def map_file(request: HttpRequest, token: str) -> HttpResponseBase:
    """The map that a batch is read with, as a file for the command line."""
    batch = queries.find(request, token)
    made = load_map(batch.map or {"name": "none", "description": "The columns are named as in the contract."})
    response = HttpResponse(made.to_yaml(), content_type="application/yaml; charset=utf-8")
    response["Content-Disposition"] = 'attachment; filename="map.yaml"'
    return private(response)


# ── progress ───────────────────────────────────────────────────────────────────────────────────────────────


def _progress(batch: Batch) -> dict[str, Any]:
    job = batch.job
    now = timezone.now()
    waiting = batch.state == Batch.State.QUEUED and job is not None and now - job.not_before > WAITING_LONG
    return {
        "batch": batch,
        "job": job,
        "percent": job.percent if job else None,
        "elapsed": now - job.started if job and job.started and batch.active else None,
        "waiting_long": waiting,
    }


@require_safe
def progress(request: HttpRequest, token: str) -> HttpResponseBase:
    """How far the screening is: for htmx the part that changes, or the way to the result; else the whole page."""
    batch = queries.find(request, token)
    live = bool(request.headers.get("HX-Request")) and request.headers.get("HX-Request-Type") != "full"
    if not live or not batch.active:
        if live:
            response = HttpResponse(status=204)
            response["HX-Redirect"] = batch.get_absolute_url()
            return private(response)
        return redirect(batch)
    return private(render(request, "batch/progress_live.html", _progress(batch)))


@require_POST
def cancel(request: HttpRequest, token: str) -> HttpResponseBase:
    """Stop the screening; the upload stays and can be started again."""
    batch = queries.find(request, token)
    commands.cancel(batch)
    return redirect(batch)


@require_http_methods(["GET", "POST"])
def delete(request: HttpRequest, token: str) -> HttpResponseBase:
    """Ask whether a batch is to go, then remove it with its files."""
    batch = queries.find(request, token)
    if request.method == "POST":
        commands.delete(batch)
        messages.success(request, _("“%(name)s” and its results were deleted.") % {"name": batch.name})
        return redirect("batch:index")
    rows = ngettext("%(n)s row", "%(n)s rows", batch.rows) % {"n": batch.rows}
    return private(render(request, "batch/delete.html", {"batch": batch, "rows": rows}))
