"""Security headers that Django does not set by itself."""

from __future__ import annotations

import secrets
from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse

PERMISSIONS_POLICY = "camera=(), geolocation=(), microphone=(), payment=(), usb=()"


class ContentSecurityPolicyMiddleware:
    """Send ``settings.TIDEGATE_CSP`` with every response.

    No inline script and no inline style runs. A page that must have one puts
    ``nonce="{{ request.csp_nonce }}"`` on it; the nonce joins the policy only where it was asked for.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        nonce = _Nonce()
        request.csp_nonce = nonce  # type: ignore[attr-defined]
        response = self.get_response(request)
        response.headers.setdefault("Permissions-Policy", PERMISSIONS_POLICY)
        if "Content-Security-Policy" not in response.headers:
            policy = {name: list(sources) for name, sources in settings.TIDEGATE_CSP.items()}
            for name, sources in getattr(response, "_csp_update", {}).items():
                policy[name] = [*policy.get(name, []), *sources]
            if nonce.value is not None:
                for name in ("script-src", "style-src"):
                    policy[name] = [*policy[name], f"'nonce-{nonce.value}'"]
            response.headers["Content-Security-Policy"] = "; ".join(
                " ".join([name, *sources]) for name, sources in policy.items()
            )
        return response


class _Nonce:
    """A nonce that is made when it is first written into a page."""

    value: str | None = None

    def __str__(self) -> str:
        if self.value is None:
            self.value = secrets.token_urlsafe(16)
        return self.value


def csp_update(response: HttpResponse, **directives: list[str]) -> HttpResponse:
    """Widen the policy of one response, e.g. ``csp_update(r, style_src_attr=["'unsafe-inline'"])``."""
    response._csp_update = {  # type: ignore[attr-defined]
        name.replace("_", "-"): sources for name, sources in directives.items()
    }
    return response
