"""Serve the web application: prepare the data folder's database, then run the WSGI server.

There is no collectstatic step: WhiteNoise serves the static files from where the packages have them.
"""

from __future__ import annotations

import multiprocessing
import os
import socket
import sys
import threading
import time
from collections.abc import Callable
from functools import partial
from ipaddress import ip_address

DEFAULT_SETTINGS = "tidegate.web.settings.demo"


class CannotServe(Exception):
    """The address cannot be served; the message says why and what to do."""


def serve(
    host: str = "127.0.0.1",
    port: int = 8000,
    settings: str | None = None,
    *,
    ready: Callable[[str], None] | None = None,
) -> None:
    """Serve until interrupted.

    `settings` is a settings module; left out, ``DJANGO_SETTINGS_MODULE`` or the demo settings hold.
    `ready` is told the address once it answers; left out, it is printed.

    Raises CannotServe when the port is taken, the host is not an address of this machine, or the demo is asked to
    listen to anybody but this machine: its sign-in asks for no proof.
    """
    if settings:
        os.environ["DJANGO_SETTINGS_MODULE"] = settings
    else:
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", DEFAULT_SETTINGS)

    _check_demo(host)
    check_free(host, port)
    prepare()
    shown = f"[{host}]" if ":" in host else host
    say = partial(ready or _print_address, f"http://{shown}:{port}/")
    threading.Thread(target=_once_it_answers, args=(host, port, say), daemon=True).start()
    try:
        from granian import Granian
        from granian.constants import Interfaces
    except ImportError:
        _serve_with_wsgiref(host, port)
        return
    # A forked worker inherits thread pools without their threads: after a PDF made above, its first would never end.
    multiprocessing.set_start_method("spawn", force=True)
    Granian(
        "tidegate.web.wsgi:application",
        address=host,
        port=port,
        interface=Interfaces.WSGI,
        workers=1,
        blocking_threads=4,
        websockets=False,
        log_enabled=False,
    ).serve()


def prepare() -> None:
    """Set Django up and bring the database's tables to this version; the demo's is marked as such and filled."""
    import django
    from django.conf import settings
    from django.core.management import call_command

    django.setup()
    if settings.TIDEGATE_DEMO:
        from tidegate.parties import demo

        demo.mark_database()
    call_command("migrate", interactive=False, verbosity=0)
    if settings.TIDEGATE_DEMO:
        from django.db import transaction

        from tidegate.exchange.delivery import deliver_due
        from tidegate.movements import demo as cases

        # One transaction: a build that is interrupted leaves nothing, and the next start makes all of it.
        with transaction.atomic():
            demo.build()
            cases.build(deliver_due)


def check_free(host: str, port: int) -> None:
    """Raises CannotServe, with a sentence, where the address cannot be served: before any work is done for it."""
    if not 0 < port < 65536:
        raise CannotServe(f"port {port} does not exist; expected 1 to 65535")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise CannotServe(f"cannot serve at {host}:{port}: {error.strerror or error}; choose another") from None


def _check_demo(host: str) -> None:
    """The demo signs in whoever presses a button: it must not be reached from elsewhere."""
    from django.conf import settings

    if not settings.TIDEGATE_DEMO:
        return
    try:
        loopback = host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        loopback = False
    if not loopback:
        raise CannotServe(
            f"the demo asks nobody for a password and is served on this machine alone, not at {host}; "
            "for others, use the `office` settings"
        )


def _once_it_answers(host: str, port: int, say: Callable[[], None]) -> None:
    while True:
        try:
            socket.create_connection((host, port), timeout=1).close()
        except OSError:
            time.sleep(0.1)
        else:
            return say()


def _print_address(address: str) -> None:
    print(f"Tidegate is at {address}  (Ctrl-C ends it)", file=sys.stderr, flush=True)


def _serve_with_wsgiref(host: str, port: int) -> None:
    """The standard library's server: one request at a time, enough for one person."""
    from socketserver import ThreadingMixIn
    from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

    from tidegate.web.wsgi import application

    class Server(ThreadingMixIn, WSGIServer):
        daemon_threads = True
        address_family = socket.AF_INET6 if ":" in host else socket.AF_INET

    class Quiet(WSGIRequestHandler):
        def log_message(self, format: str, *args: object) -> None:
            pass

    with make_server(host, port, application, server_class=Server, handler_class=Quiet) as server:
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            pass
