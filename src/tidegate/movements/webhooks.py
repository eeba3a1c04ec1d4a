"""One signed POST to an address that a subscriber named, and nowhere else.

The address is somebody's free choice, and the request leaves from inside the office's network. So it is HTTPS only; the
name is looked up once, every address that it has must be a public one, and the connection goes to one of those very
addresses (no second look-up, no proxy); redirects are not followed; the answer's body is not read; and all of it ends
after `TOTAL` seconds, however slowly the other side talks. `settings.TIDEGATE_WEBHOOK_PRIVATE` (demo and tests) lets
private addresses in, and plain HTTP to this machine itself.

What the receiver checks, with the secret that was shown once:

    Tidegate-Timestamp: 1795305600
    Tidegate-Signature: v1=<hexadecimal HMAC-SHA256(secret, timestamp + "." + body)>
"""

from __future__ import annotations

import hashlib
import hmac
import http.client
import re
import socket
import ssl
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from urllib.parse import urlsplit

from django.conf import settings

from tidegate import __version__

# Seconds that one step may take, and all of them together.
STEP = 5.0
TOTAL = 10.0
LONGEST = 300
_LABEL = re.compile(r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?", re.IGNORECASE)
# Addresses of IPv6 that carry one of IPv4, which decides: NAT64 (RFC 6052).
_NAT64 = ip_network("64:ff9b::/96")
# What `ipaddress` of some Python versions calls public, and is not (RFC 6890, RFC 7526, RFC 8215, RFC 9637, RFC 3879).
_ALSO_REFUSED = tuple(
    ip_network(text) for text in ("192.0.0.0/24", "192.88.99.0/24", "64:ff9b:1::/48", "3fff::/20", "fec0::/10")
)


class Undelivered(Exception):
    """It was not accepted. `code` is one of `notices.ERRORS`, with the status behind a colon where there is one."""

    def __init__(self, code: str):
        super().__init__(code)
        self.code = code


@dataclass(frozen=True)
class Target:
    """An address, taken apart. `host` is ASCII; `path` has the query with it."""

    tls: bool
    host: str
    port: int
    path: str


def signature(secret: str, timestamp: int, body: bytes) -> str:
    """The value of `Tidegate-Signature`. `timestamp` is seconds since 1970."""
    digest = hmac.new(secret.encode(), f"{timestamp}.".encode() + body, hashlib.sha256)
    return f"v1={digest.hexdigest()}"


def headers(secret: str, at: datetime, body: bytes) -> dict[str, str]:
    """What goes with a body: its type, its time and its signature."""
    timestamp = int(at.timestamp())
    return {
        "Content-Type": "application/json",
        "User-Agent": f"Tidegate/{__version__}",
        "Tidegate-Timestamp": str(timestamp),
        "Tidegate-Signature": signature(secret, timestamp, body),
    }


def target_of(url: str) -> Target:
    """Take an address apart, looking nothing up. Raises Undelivered("address") for one that will never do."""
    try:
        parts = urlsplit(url)
        port, name = parts.port, parts.hostname or ""
        host = name if ":" in name else name.encode("idna").decode("ascii")
    except (ValueError, UnicodeError):
        raise Undelivered("address") from None
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    plain = parts.scheme == "http" and settings.TIDEGATE_WEBHOOK_PRIVATE
    port = port if port is not None else 443 if parts.scheme == "https" else 80
    if (
        len(url) > LONGEST
        or not (parts.scheme == "https" or plain)
        or "@" in parts.netloc
        or parts.fragment
        or not _names_a_host(host)
        or not path.isascii()
        or any(sign <= " " or sign == "\x7f" for sign in url)
        # Below 1024 lie the services of machines; none but these two receives webhooks.
        or not (port >= 1024 or port in (80, 443))
    ):
        raise Undelivered("address")
    if (literal := _literal(host)) is not None and not allowed(literal, plain=not parts.scheme == "https"):
        raise Undelivered("private")
    return Target(parts.scheme == "https", host, port, path)


def _names_a_host(host: str) -> bool:
    if _literal(host) is not None:
        return True
    # What `inet_aton` reads as an address (0x7f.1, 2130706433) is no name: the last label of a name is no number.
    labels = host.rstrip(".").split(".")
    return len(host) <= 253 and all(map(_LABEL.fullmatch, labels)) and not re.match(r"(0x)?[0-9]", labels[-1], re.I)


def _literal(host: str) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(host)
    except ValueError:
        return None


def allowed(address: IPv4Address | IPv6Address, *, plain: bool = False) -> bool:
    """Whether a POST may go there: to a public address; with the setting to others too, plain HTTP to loopback only."""
    if settings.TIDEGATE_WEBHOOK_PRIVATE:
        return address.is_loopback or (not plain and not address.is_multicast and not address.is_unspecified)
    return not plain and public(address)


def public(address: IPv4Address | IPv6Address) -> bool:
    """Whether an address is one of the public network: not private, loopback, link-local, shared, reserved, multicast,
    nor an IPv6 address that hides such a one."""
    if isinstance(address, IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour
        if inner is None and address in _NAT64:
            inner = IPv4Address(int(address) & 0xFFFFFFFF)
        if inner is not None:
            return public(inner)
        if address.teredo is not None or address.scope_id:
            return False
    if any(address.version == net.version and address in net for net in _ALSO_REFUSED):
        return False
    bad = (
        address.is_private, address.is_loopback, address.is_link_local, address.is_multicast, address.is_reserved,
        address.is_unspecified,
    )  # fmt: skip
    return address.is_global and not any(bad)


def resolve(target: Target) -> list[tuple[socket.AddressFamily, tuple[str, int]]]:
    """Where the host is: every address that it has, all of them allowed. Raises Undelivered: unresolved, private.

    One address that is not allowed refuses them all: a name that leads outside and inside is an attempt to get in.
    """
    try:
        found = socket.getaddrinfo(target.host, target.port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise Undelivered("unresolved") from None
    places = [(family, (str(where[0]), target.port)) for family, _type, _proto, _name, where in found]
    if not places:
        raise Undelivered("unresolved")
    for _family, (text, _port) in places:
        literal = _literal(text)
        if literal is None or not allowed(literal, plain=not target.tls):
            raise Undelivered("private")
    return list(dict.fromkeys(places))


def post(url: str, body: bytes, given: Mapping[str, str]) -> None:
    """Send a body; returns when it was accepted (a status from 200 to 299). Raises Undelivered."""
    target = target_of(url)
    places = resolve(target)
    until = time.monotonic() + TOTAL
    sock = _connect(places, until)
    try:
        if target.tls:
            sock = _context().wrap_socket(sock, server_hostname=target.host, do_handshake_on_connect=False)
        status = _talk(sock, target, body, given, until)
    finally:
        sock.close()
    if not 200 <= status < 300:
        raise Undelivered(f"{'redirect' if 300 <= status < 400 else 'status'}:{status}")


def _context() -> ssl.SSLContext:
    """Certificates are checked against what the machine trusts (`SSL_CERT_FILE` names others)."""
    context = ssl.create_default_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


def _connect(places: list[tuple[socket.AddressFamily, tuple[str, int]]], until: float) -> socket.socket:
    code = "unreachable"
    for family, where in places[:4]:
        left = until - time.monotonic()
        if left <= 0:
            raise Undelivered("timeout")
        sock = socket.socket(family, socket.SOCK_STREAM)
        sock.settimeout(min(STEP, left))
        try:
            sock.connect(where)
        except TimeoutError:
            code = "timeout"
            sock.close()
        except OSError:
            code = "unreachable"
            sock.close()
        else:
            return sock
    raise Undelivered(code)


def _talk(sock: socket.socket, target: Target, body: bytes, given: Mapping[str, str], until: float) -> int:
    """The status of the answer. A timer cuts the connection at the end: each step alone may drip along for ever."""
    over = threading.Event()

    def cut() -> None:
        over.set()
        # The socket's own shutdown, below that of TLS, which another thread may be in the middle of.
        try:
            socket.socket.shutdown(sock, socket.SHUT_RDWR)
        except OSError:
            pass

    timer = threading.Timer(max(0.0, until - time.monotonic()), cut)
    timer.daemon = True
    timer.start()
    try:
        if isinstance(sock, ssl.SSLSocket):
            sock.do_handshake()
        connection = http.client.HTTPConnection(target.host, target.port)
        connection.sock = sock
        usual = 443 if target.tls else 80
        host = f"[{target.host}]" if ":" in target.host else target.host
        said = {**given, "Host": host if target.port == usual else f"{host}:{target.port}", "Connection": "close"}
        connection.request("POST", target.path, body, said)
        return connection.getresponse().status
    except TimeoutError:
        raise Undelivered("timeout") from None
    except ssl.SSLError:
        raise Undelivered("timeout" if over.is_set() else "tls") from None
    except (OSError, http.client.HTTPException, ValueError):
        raise Undelivered("timeout" if over.is_set() else "unreachable") from None
    finally:
        timer.cancel()
