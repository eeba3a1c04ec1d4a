"""The POST of a webhook: where it goes and where never, its signature, and what counts as accepted."""

from __future__ import annotations

import hashlib
import hmac
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given
from hypothesis import strategies as st

from tidegate.movements import notices, webhooks
from tidegate.movements.webhooks import Undelivered

NOW = datetime(2026, 11, 23, 2, tzinfo=UTC)


# ── where it may go ────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "127.8.9.1", "0.0.0.0", "10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1", "192.0.0.8", "192.0.2.1", "198.18.0.1", "198.51.100.7", "203.0.113.9", "192.88.99.1", "224.0.0.1",
        "239.255.255.255", "240.0.0.1", "255.255.255.255", "::", "::1", "::127.0.0.1", "::ffff:127.0.0.1",
        "::ffff:10.1.2.3", "::ffff:169.254.169.254", "64:ff9b::7f00:1", "64:ff9b::a00:1", "64:ff9b:1::1",
        "2002:7f00:1::", "2002:a00:1::1", "2001::1", "2001:db8::1", "fc00::1", "fd12:3456::1", "fe80::1", "fec0::1",
        "ff02::1", "3fff::1", "100::1",
    ],
)  # fmt: skip
def test_inner_addresses_are_refused(address: str) -> None:
    assert not webhooks.public(ip_address(address))
    host = f"[{address}]" if ":" in address else address
    with pytest.raises(Undelivered) as refused:
        webhooks.target_of(f"https://{host}/hook")
    assert refused.value.code == "private"


@pytest.mark.parametrize(
    "address",
    ["1.1.1.1", "8.8.8.8", "100.63.255.255", "172.32.0.1", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808"],
)
def test_public_addresses_are_not(address: str) -> None:
    assert webhooks.public(ip_address(address))


@given(st.ip_addresses(v=4))
def test_an_address_of_ipv6_is_as_public_as_the_one_that_it_hides(address: Any) -> None:
    for text in (
        f"::ffff:{address}",
        f"64:ff9b::{address}",
        str(ip_address((0x2002 << 112) | (int(address) << 80) | 1)),
    ):
        assert webhooks.public(ip_address(text)) == webhooks.public(address)


@pytest.mark.parametrize(
    "url",
    [
        "", "hooks.example", "http://hooks.example/", "ftp://hooks.example/", "file:///etc/passwd", "https://", "https:///x",
        "https://user:pw@hooks.example/", "https://@hooks.example/", "https://hooks.example/#part", "https://hooks.example:22/",
        "https://hooks.example:0/", "https://hooks.example:70000/", "https://hooks.example:x/", "https://2130706433/",
        "https://0x7f.1/", "https://127.1/", "https://0177.0.0.1/", "https://hooks.example/a b",
        "https://hooks.example/\r\nX: y",
        "https://hooks.example/é", "https://-a.example/", "https://a..example/", "https://" + "a" * 300 + ".example/",
        "gopher://hooks.example/", "https://hooks.example\\@10.0.0.1/",
    ],
)  # fmt: skip
def test_addresses_that_will_never_do(url: str) -> None:
    with pytest.raises(Undelivered) as refused:
        webhooks.target_of(url)
    assert refused.value.code == "address"


def test_an_address_taken_apart() -> None:
    assert webhooks.target_of("https://Hooks.Example/a?b=c") == webhooks.Target(True, "hooks.example", 443, "/a?b=c")
    assert webhooks.target_of("https://bücher.example:8443") == webhooks.Target(
        True, "xn--bcher-kva.example", 8443, "/"
    )


def _names(monkeypatch: pytest.MonkeyPatch, *addresses: str) -> list[str]:
    """The name leads to these; gives what was connected to."""
    connected: list[str] = []
    found = [
        (
            socket.AF_INET6 if ":" in a else socket.AF_INET,
            socket.SOCK_STREAM,
            6,
            "",
            (a, 443, 0, 0) if ":" in a else (a, 443),
        )
        for a in addresses
    ]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *args, **named: found)

    class Socket(socket.socket):
        def connect(self, where: Any) -> None:
            connected.append(where[0])
            raise ConnectionRefusedError

    monkeypatch.setattr(webhooks.socket, "socket", Socket)
    return connected


@pytest.mark.parametrize("inner", ["127.0.0.1", "169.254.169.254", "10.0.0.7", "::1", "fe80::1", "::ffff:192.168.0.1"])
def test_a_name_that_leads_inside_is_refused_even_if_it_leads_outside_too(
    inner: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    connected = _names(monkeypatch, "8.8.8.8", inner)
    with pytest.raises(Undelivered) as refused:
        webhooks.post("https://hooks.example/", b"{}", {})
    assert (refused.value.code, connected) == ("private", [])


def test_what_is_connected_to_is_what_was_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    """No second look-up, whose answer might be another."""
    connected = _names(monkeypatch, "8.8.8.8", "2606:4700::1111")
    with pytest.raises(Undelivered) as refused:
        webhooks.post("https://hooks.example/", b"{}", {})
    assert (refused.value.code, connected) == ("unreachable", ["8.8.8.8", "2606:4700::1111"])


def test_a_name_that_is_not_known(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_args: Any, **_named: Any) -> Any:
        raise socket.gaierror(-2, "unknown")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    with pytest.raises(Undelivered) as refused:
        webhooks.post("https://hooks.example/", b"{}", {})
    assert refused.value.code == "unresolved"


def test_the_setting_lets_in_plain_http_to_this_machine_only(settings: Any) -> None:
    settings.TIDEGATE_WEBHOOK_PRIVATE = True
    assert not webhooks.target_of("http://127.0.0.1:8080/").tls
    assert webhooks.target_of("https://10.0.0.1/").tls
    with pytest.raises(Undelivered):
        webhooks.target_of("http://10.0.0.1/")


# ── what the receiver can check ────────────────────────────────────────────────────────────────────────────


@given(st.text(), st.integers(0, 2**40), st.binary())
def test_the_signature_is_over_time_and_body(secret: str, at: int, body: bytes) -> None:
    secret = secret.encode("utf-8", "ignore").decode()
    expected = hmac.new(secret.encode(), str(at).encode() + b"." + body, hashlib.sha256).hexdigest()
    assert webhooks.signature(secret, at, body) == f"v1={expected}"
    assert webhooks.signature(secret, at + 1, body) != webhooks.signature(secret, at, body)
    assert webhooks.signature(secret, at, body + b" ") != webhooks.signature(secret, at, body)


# ── what counts as accepted ────────────────────────────────────────────────────────────────────────────────

Answer = Callable[[socket.socket], None]


class Receiver:
    """A program on this machine that answers each request in the same way, and keeps what it got."""

    def __init__(self, answer: bytes, context: ssl.SSLContext | None = None):
        self.got: list[bytes] = []
        self.answer, self.context = answer, context
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        self.over = threading.Event()
        self.thread = threading.Thread(target=self._serve, daemon=True)
        self.thread.start()

    def _serve(self) -> None:
        while not self.over.is_set():
            try:
                found, _where = self.socket.accept()
            except OSError:
                return
            try:
                with found if self.context is None else self.context.wrap_socket(found, server_side=True) as one:
                    one.settimeout(5)
                    self._answer(one)
            except OSError:
                continue

    def _answer(self, one: socket.socket) -> None:
        data = b""
        while b"\r\n\r\n" not in data:
            data += one.recv(65536)
        head, _rest, body = data.partition(b"\r\n\r\n")
        length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
        while len(body) < length:
            body += one.recv(65536)
        self.got.append(head + b"\r\n\r\n" + body)
        if self.answer == b"drip":
            while not self.over.wait(0.02):
                one.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
        one.sendall(self.answer)

    def close(self) -> None:
        self.over.set()
        self.socket.close()


@pytest.fixture
def receiver(settings: Any) -> Iterator[Callable[..., Receiver]]:
    settings.TIDEGATE_WEBHOOK_PRIVATE = True
    made: list[Receiver] = []

    def start(answer: bytes, context: ssl.SSLContext | None = None) -> Receiver:
        made.append(Receiver(answer, context))
        return made[-1]

    yield start
    for one in made:
        one.close()


def _status(line: str, more: str = "") -> bytes:
    return f"HTTP/1.1 {line}\r\n{more}Content-Length: 0\r\n\r\n".encode()


def test_what_is_accepted_arrives_as_it_was_signed(receiver: Callable[..., Receiver]) -> None:
    there = receiver(_status("204 No Content"))
    body = '{"name":"Hải Phòng"}'.encode()
    webhooks.post(f"http://127.0.0.1:{there.port}/in?x=1", body, webhooks.headers("s", NOW, body))
    [request] = there.got
    head, _rest, got = request.partition(b"\r\n\r\n")
    lines = head.decode().split("\r\n")
    said = {name.lower(): value for name, _colon, value in (line.partition(": ") for line in lines[1:])}
    assert (lines[0], got) == ("POST /in?x=1 HTTP/1.1", body)
    assert said["host"] == f"127.0.0.1:{there.port}"
    assert said["content-type"] == "application/json"
    assert said["tidegate-signature"] == webhooks.signature("s", int(said["tidegate-timestamp"]), got)
    assert int(said["tidegate-timestamp"]) == int(NOW.timestamp())


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (_status("500 Oops"), "status:500"),
        (_status("404 Not Found"), "status:404"),
        (_status("302 Found", "Location: http://127.0.0.1:1/\r\n"), "redirect:302"),
        (_status("307 Temporary Redirect", "Location: http://169.254.169.254/\r\n"), "redirect:307"),
        (b"nonsense\r\n\r\n", "unreachable"),
        (b"", "unreachable"),
    ],
)
def test_what_is_not_accepted(receiver: Callable[..., Receiver], answer: bytes, code: str) -> None:
    there = receiver(answer)
    with pytest.raises(Undelivered) as refused:
        webhooks.post(f"http://127.0.0.1:{there.port}/", b"{}", {})
    assert (refused.value.code, len(there.got)) == (code, 1)
    assert code.partition(":")[0] in notices.ERRORS


def test_who_only_drips_is_cut_off(receiver: Callable[..., Receiver], monkeypatch: pytest.MonkeyPatch) -> None:
    """Each step alone is in time; all together are not."""
    monkeypatch.setattr(webhooks, "TOTAL", 0.5)
    there = receiver(b"drip")
    with pytest.raises(Undelivered) as refused:
        webhooks.post(f"http://127.0.0.1:{there.port}/", b"{}", {})
    assert refused.value.code == "timeout"


def test_a_certificate_must_be_trusted_and_for_the_host(
    receiver: Callable[..., Receiver], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    file = _certificate(tmp_path, "hooks.example")
    server.load_cert_chain(file)
    there = receiver(_status("200 OK"), server)
    real = socket.getaddrinfo
    monkeypatch.setattr(socket, "getaddrinfo", lambda host, *args, **named: real("127.0.0.1", *args, **named))

    def code(host: str) -> str:
        try:
            webhooks.post(f"https://{host}:{there.port}/", b"{}", {})
        except Undelivered as problem:
            return problem.code
        return ""

    assert code("hooks.example") == "tls"
    trusting = ssl.create_default_context(cafile=str(file))
    monkeypatch.setattr(ssl, "create_default_context", lambda: trusting)
    assert code("other.example") == "tls"
    assert code("hooks.example") == ""
    assert len(there.got) == 1


def _certificate(folder: Path, host: str) -> Path:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, host)])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    pem = serialization.Encoding.PEM
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    file = folder / "server.pem"
    file.write_bytes(private + made.public_bytes(pem))
    return file
