"""Pages that read QR codes with the camera: every other page keeps it switched off."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import HttpRequest
from django.http.response import HttpResponseBase

View = Callable[..., HttpResponseBase]
# As for every page, but that this site's own scripts may ask the reader for the camera.
POLICY = "camera=(self), geolocation=(), microphone=(), payment=(), usb=()"


def scans(view: View) -> View:
    """The page may ask for the camera."""

    @wraps(view)
    def run(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        response = view(request, *args, **kwargs)
        response.headers["Permissions-Policy"] = POLICY
        return response

    return run
