"""The frame of every page: headers, languages, error pages, health, and the files it is made of."""

from __future__ import annotations

import gzip
import importlib
import pkgutil
import re
from pathlib import Path
from typing import Any

import pytest
from django.contrib.staticfiles import finders
from django.test import Client, RequestFactory
from lxml import html as lxml_html

from tests.web.shipments import CLEAN_PE_TO_MALAYSIA
from tidegate.law import load_rulebook
from tidegate.movements import views
from tidegate.movements.views.acting import Acts
from tidegate.paper.palette import contrast
from tidegate.parties import figures
from tidegate.web import middleware, palette, words
from tidegate.web.check.answers import permalink
from tidegate.web.middleware import ContentSecurityPolicyMiddleware, csp_update

WEB = Path(middleware.__file__).parent
TEMPLATES = sorted(WEB.rglob("templates/**/*.html"))


# ── what every response carries ─────────────────────────────────────────────────────────────────────────────


def policy(response: Any) -> dict[str, list[str]]:
    parts = (part.split() for part in response.headers["Content-Security-Policy"].split(";"))
    return {name: sources for name, *sources in parts}


@pytest.mark.parametrize("path", ["/", permalink(CLEAN_PE_TO_MALAYSIA), "/nowhere/", "/robots.txt"])
def test_security_headers(client: Client, path: str) -> None:
    response = client.get(path)
    rules = policy(response)
    assert rules["default-src"] == ["'self'"]
    assert rules["object-src"] == ["'none'"]
    assert rules["frame-ancestors"] == ["'none'"]
    assert not [s for sources in rules.values() for s in sources if "unsafe" in s or "http" in s or s == "*"]
    assert response.headers["X-Frame-Options"] == "DENY"
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert response.headers["Referrer-Policy"] == "same-origin"
    assert "camera=()" in response.headers["Permissions-Policy"]


def test_a_nonce_joins_the_policy_only_where_it_was_asked_for() -> None:
    from django.http import HttpResponse

    request = RequestFactory().get("/")
    plain = ContentSecurityPolicyMiddleware(lambda _request: HttpResponse())(request)
    assert "nonce" not in plain.headers["Content-Security-Policy"]
    seen = []

    def view(request: Any) -> HttpResponse:
        seen.append(str(request.csp_nonce))
        return csp_update(HttpResponse(), img_src=["blob:"])

    response = ContentSecurityPolicyMiddleware(view)(RequestFactory().get("/"))
    assert f"'nonce-{seen[0]}'" in policy(response)["script-src"]
    assert "blob:" in policy(response)["img-src"]
    assert "blob:" not in policy(plain)["img-src"]
    ContentSecurityPolicyMiddleware(view)(RequestFactory().get("/"))
    assert seen[0] != seen[1]


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name)
def test_no_template_breaks_the_policy(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert not re.search(r"\sstyle=", text)
    assert not re.search(r"\son[a-z]+=", text)
    assert not re.search(r"<script(?![^>]*\b(src|nonce)=)", text)
    assert not re.search(r"(src|href)=\"(https?:)?//", text)


def test_no_law_in_templates_and_views() -> None:
    """No State and no rule is named where pages are made: all of that is the rulebook's."""
    book = load_rulebook(())
    names = {state.name for state in book.states.values() if len(state.name) > 4}
    rooms = [WEB / "check", WEB / "templates", WEB / "templatetags"]
    files = [path for room in rooms for kind in ("*.py", "*.html") for path in room.rglob(kind)]
    for path in [*files, *WEB.glob("*.py")]:
        if path.name == "examples.py":
            continue
        text = path.read_text(encoding="utf-8")
        text = re.sub(r'""".*?"""|#[^\n]*|\{#.*?#\}|\{% comment %\}.*?\{% endcomment %\}', "", text, flags=re.DOTALL)
        assert not [rule for rule in book.rules if rule in text], path
        assert not [name for name in names if re.search(rf"\b{re.escape(name)}\b", text)], path
        quoted = set(re.findall(r"""["']([A-Z]{2})["']""", text))
        assert not quoted & book.national_states, path


# ── languages ───────────────────────────────────────────────────────────────────────────────────────────────


def test_the_language_is_chosen_in_the_header_and_kept(client: Client) -> None:
    here = permalink(CLEAN_PE_TO_MALAYSIA)
    tree = lxml_html.fromstring(client.get(here).content)
    form = tree.cssselect("header form")[0]
    assert form.get("action") == "/language/setlang/"
    assert form.cssselect("[name=next]")[0].get("value") == here
    offered = [option.get("value") for option in form.cssselect("option")]
    assert offered == ["en", "vi", "th", "id", "ms"]
    for language in offered:
        sent = client.post("/language/setlang/", {"language": language, "next": here})
        assert sent.headers["Location"] == here
        page = client.get(here)
        assert lxml_html.fromstring(page.content).get("lang") == language
        draft = bool(lxml_html.fromstring(page.content).cssselect("aside.td-draft"))
        assert draft == (language != "en")


def test_a_language_that_people_have_read_is_no_draft(client: Client, settings: Any) -> None:
    settings.TIDEGATE_MACHINE_DRAFTS = frozenset()
    client.post("/language/setlang/", {"language": "th"})
    page = client.get("/").content.decode()
    assert 'lang="th"' in page
    assert "td-draft" not in page


def test_the_language_form_is_guarded_and_leads_nowhere_else() -> None:
    strict = Client(enforce_csrf_checks=True)
    assert strict.post("/language/setlang/", {"language": "vi"}).status_code == 403
    away = Client().post("/language/setlang/", {"language": "vi", "next": "https://example.org/"})
    assert away.headers["Location"] == "/"


STRIPPED = " .,:;·→–()"


def test_every_text_of_the_pages_goes_through_gettext(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """With translated texts in brackets, what stands outside is data: codes, numbers, sources."""
    from django.utils import translation

    def wrap(text: Any) -> str:
        return f"⟦{text}⟧" if str(text).strip() else str(text)

    real = translation._trans  # type: ignore[attr-defined]
    monkeypatch.setattr(real, "gettext", wrap)
    monkeypatch.setattr(real, "pgettext", lambda _context, text: wrap(text))
    monkeypatch.setattr(real, "ngettext", lambda one, many, n: wrap(one if n == 1 else many))
    monkeypatch.setattr(real, "npgettext", lambda _context, one, many, n: wrap(one if n == 1 else many))
    monkeypatch.setattr(figures, "_written", figures._written.__wrapped__)  # days are kept as they were written
    shipment = {
        **CLEAN_PE_TO_MALAYSIA,
        "transit": ["SG"],
        "net_kg": "-1",
        "documents": [{"kind": "COA", "valid_to": "2026-11-20"}],
    }
    book = load_rulebook(())
    sources = {rule.instrument.strip(STRIPPED) for rule in book.rules.values()} | {"Tidegate"}
    left: list[str] = []
    for address in (
        "/",
        permalink(shipment),
        permalink({"export": "JP", "import": "VN", "date": "2026-11-21"}),
    ):
        tree: Any = lxml_html.fromstring(client.get(address).content.decode())
        for unspoken in tree.cssselect("script, style, .td-code, .td-brand, #td-language, datalist#hs-codes"):
            unspoken.drop_tree()
        for element in tree.iter():
            if not isinstance(element.tag, str):
                continue
            texts = [
                element.text,
                element.tail,
                element.get("aria-label"),
                element.get("title"),
                element.get("alt"),
            ]
            for text in texts:
                bare = " ".join((text or "").split())
                while "⟦" in bare:
                    shorter = re.sub(r"⟦[^⟦⟧]*⟧", "", bare)
                    if shorter == bare:
                        break
                    bare = shorter
                bare = bare.strip(STRIPPED)
                if bare in sources or not re.search(r"[A-Za-z]{3,}", bare):
                    continue
                if re.fullmatch(r"[A-Z0-9_:-]+|(?:[A-Za-z_0-9.]+ [\d.]+ %,? ?)+.*|[a-z_]+_cured", bare):
                    continue  # codes, and shares of polymers
                left.append(bare)
    assert left == [], "\n".join(sorted(set(left)))


# ── pages for what goes wrong ───────────────────────────────────────────────────────────────────────────────


def test_error_pages_are_pages_of_ours(client: Client, settings: Any) -> None:
    missing = client.get("/nowhere/")
    assert missing.status_code == 404
    assert b"There is no such page" in missing.content
    assert client.get("/", headers={"host": "evil.example"}).status_code == 400
    too_many = client.get("/?" + "&".join(f"x{n}=1" for n in range(3000)))
    assert too_many.status_code == 400
    assert b"could not be read" in too_many.content


def test_an_error_inside_shows_no_trace(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_args: Any, **_kwargs: Any) -> None:
        raise RuntimeError("a secret detail")

    monkeypatch.setattr("tidegate.web.registers.decide", fail)
    client.raise_request_exception = False
    response = client.get(permalink(CLEAN_PE_TO_MALAYSIA))
    assert response.status_code == 500
    assert b"Something went wrong here" in response.content
    assert b"secret detail" not in response.content
    assert b"Traceback" not in response.content


@pytest.mark.django_db
def test_health_tells_the_rulebook(client: Client) -> None:
    response = client.get("/health/")
    assert response.json() == {"status": "ok", "rulebook": load_rulebook(()).label}
    assert "no-store" in response.headers["Cache-Control"]


def test_the_footer_tells_version_and_rulebook(client: Client) -> None:
    assert load_rulebook(()).label in client.get("/").content.decode()


# ── files ───────────────────────────────────────────────────────────────────────────────────────────────────


def test_every_file_that_a_page_names_is_served_and_may_be_kept(client: Client) -> None:
    page = client.get(permalink(CLEAN_PE_TO_MALAYSIA)).content.decode()
    named = set(re.findall(r'(?:src|href)="(/static/[^"#]+)', page))
    assert len(named) > 6
    for address in named:
        assert re.search(r"\?v=[0-9a-f]{10}$", address), address
        response = client.get(address)
        assert response.status_code == 200, address
        assert "max-age" in response.headers["Cache-Control"]


def test_large_files_travel_compressed(client: Client) -> None:
    response = client.get("/static/vendor/tabler/tabler.min.css", headers={"accept-encoding": "gzip"})
    assert response.headers["Content-Encoding"] == "gzip"
    page = client.get("/", headers={"accept-encoding": "gzip"})
    assert page.headers["Content-Encoding"] == "gzip"
    assert b"<html" in gzip.decompress(page.content)


def test_compressed_copies_are_copies() -> None:
    copies = list((WEB / "static" / "vendor").rglob("*.gz"))
    assert len(copies) >= 4
    for copy in copies:
        assert gzip.decompress(copy.read_bytes()) == copy.with_suffix("").read_bytes(), copy


def test_every_vendored_folder_has_its_licence() -> None:
    folders = [path for path in (WEB / "static" / "vendor").iterdir() if path.is_dir()]
    assert folders
    table = (WEB / "static" / "vendor" / "README.md").read_text(encoding="utf-8")
    for folder in folders:
        assert (folder / "LICENSE").is_file(), folder
        assert f"`{folder.name}/`" in table


def test_every_icon_that_is_named_is_in_the_sprite() -> None:
    sprite = Path(str(finders.find("vendor/tabler-icons/sprite.svg"))).read_text(encoding="utf-8")
    there = set(re.findall(r'<symbol id="([^"]+)"', sprite))
    used = {tone.icon for tone in words.TONES.values()}
    for path in WEB.parent.rglob("templates/**/*.html"):
        used |= set(re.findall(r"{% icon \"([^\"]+)\"", path.read_text(encoding="utf-8")))
    for module in pkgutil.walk_packages(views.__path__, f"{views.__name__}."):
        for table in vars(importlib.import_module(module.name)).values():
            used |= {act.icon for act in table.acts} if isinstance(table, Acts) else set()
    assert "recycle" in used
    assert {name.replace("/", "-") for name in used} <= there


def test_the_colours_are_those_of_paper() -> None:
    assert palette.TARGET.read_text(encoding="utf-8") == palette.style_sheet()


def test_inks_can_be_read_on_their_tints() -> None:
    """Tones that the paper does not have: ink on tint, by day and by night."""
    css = (WEB / "static" / "tidegate" / "tokens.css").read_text(encoding="utf-8")
    pairs = dict(re.findall(r"--td-([\w-]+): light-dark\((#\w{6}, #\w{6})\)", css))
    for tone in ("verify", "quiet"):
        for ink, tint in zip(pairs[tone].split(", "), pairs[f"{tone}-bg"].split(", "), strict=True):
            assert contrast(ink, tint) >= 4.5, (tone, ink, tint)
