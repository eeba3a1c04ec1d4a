"""Tokens that nobody may take in: one function makes each from a good one. Names say what is wrong."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Iterator
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec, ed448
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tidegate.exchange import envelope, jose


def b64(raw: bytes) -> bytes:
    """base64url without padding."""
    return base64.urlsafe_b64encode(raw).rstrip(b"=")


class Forge:
    """Everything that an attacker who owns a valid key could put together, and everything one without could."""

    def __init__(self, good: bytes, kid: str, key: Ed25519PrivateKey):
        self.good, self.kid, self.key = good, kid, key
        self.head, self.body, self.signature = good.split(b".")
        self.payload = envelope.read(good).payload
        self.fields: dict[str, Any] = json.loads(self.payload)

    def signed(self, header: bytes, payload: bytes) -> bytes:
        """A token over any header and payload with a signature that holds."""
        said = b64(header) + b"." + b64(payload)
        return said + b"." + b64(self.key.sign(said))

    def header(self, **changed: Any) -> bytes:
        """A token whose header has other or more fields (None: without it)."""
        header = {"alg": "Ed25519", "kid": self.kid, "typ": envelope.TYP, **changed}
        kept = {name: value for name, value in header.items() if value is not None}
        return self.signed(json.dumps(kept).encode(), self.payload)

    def body_of(self, **changed: Any) -> bytes:
        """A token whose payload has other or more fields (...: without it)."""
        kept = {name: value for name, value in {**self.fields, **changed}.items() if value is not ...}
        return self.raw(json.dumps(kept, ensure_ascii=False).encode("utf-8", "surrogatepass"))

    def raw(self, payload: bytes) -> bytes:
        """A token over a payload as it is, with a good header."""
        return self.signed(f'{{"alg":"Ed25519","kid":"{self.kid}","typ":"{envelope.TYP}"}}'.encode(), payload)

    def hmac(self) -> bytes:
        """HS256 with the public key as its secret: the classic confusion."""
        secret = self.key.public_key().public_bytes_raw()
        said = b64(json.dumps({"alg": "HS256", "kid": self.kid, "typ": envelope.TYP}).encode()) + b"." + self.body
        return said + b"." + b64(hmac.new(secret, said, hashlib.sha256).digest())

    def other_key(self) -> bytes:
        """Signed by a key of nobody, under the kid of somebody."""
        return jose.sign(self.payload, kid=self.kid, typ=envelope.TYP, key=Ed25519PrivateKey.generate())

    def jwk(self) -> bytes:
        """A key of the attacker's own, brought along in the header."""
        own = Ed25519PrivateKey.generate()
        x = b64(own.public_key().public_bytes_raw()).decode()
        header = {
            "alg": "Ed25519", "kid": self.kid, "typ": envelope.TYP, "jwk": {"kty": "OKP", "crv": "Ed25519", "x": x},
        }  # fmt: skip
        said = b64(json.dumps(header).encode()) + b"." + self.body
        return said + b"." + b64(own.sign(said))

    def long_signature(self) -> bytes:
        """The signature with the order of the group added to its scalar: the same point, other bytes."""
        raw = base64.urlsafe_b64decode(self.signature + b"==")
        order = 2**252 + 27742317777372353535851937790883648493
        scalar = int.from_bytes(raw[32:], "little") + order
        return b".".join([self.head, self.body, b64(raw[:32] + scalar.to_bytes(32, "little"))])


def nested(levels: int) -> bytes:
    """A list in a list in a list …"""
    return b"[" * levels + b"]" * levels


def vectors(forge: Forge) -> Iterator[tuple[str, bytes]]:
    """Name and token; every one must be refused, none may raise anything but Unreadable."""
    f = forge
    payload, fields = f.payload, f.fields
    good_header = f'{{"alg":"Ed25519","kid":"{f.kid}","typ":"{envelope.TYP}"}}'.encode()

    # the form
    yield "empty", b""
    yield "one dot", b"."
    yield "two dots", b".."
    yield "three dots", b"..."
    yield "not ascii", "тест.тест.тест".encode()
    yield "json serialisation", json.dumps({"payload": f.body.decode(), "signature": f.signature.decode()}).encode()
    yield "five parts (a JWE)", f.good + b"." + f.signature + b"." + f.signature
    yield "no signature", f.head + b"." + f.body + b"."
    yield "no payload (detached)", f.head + b".." + f.signature
    yield "no header", b"." + f.body + b"." + f.signature
    yield "padding", f.head + b"=." + f.body + b"." + f.signature
    yield "padded signature", f.good + b"=="
    yield "line break at the end", f.good + b"\n"
    yield "blank in front", b" " + f.good
    yield "line break in the payload", f.head + b"." + f.body[:8] + b"\n" + f.body[8:] + b"." + f.signature
    yield "base64 with plus and slash", f.head + b"." + f.body + b"." + b"+/" + f.signature[2:]
    last = f.signature[-1:]
    alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    spare = alphabet[alphabet.index(last) ^ 1 : (alphabet.index(last) ^ 1) + 1]
    yield "signature in a second spelling", f.head + b"." + f.body + b"." + f.signature[:-1] + spare
    yield "too large", f.head + b"." + b"A" * jose.MAX_TOKEN + b"." + f.signature
    yield "too large a payload", f.raw(b" " * (jose.MAX_PAYLOAD + 1))
    yield "too large a header", f.signed(good_header[:-1] + b" " * 600 + b"}", payload)

    # the header
    for alg in ("none", "None", "HS256", "ES256", "RS256", "EdDSA", "Ed448", "ed25519", "", 1, None, ["Ed25519"]):
        yield f"alg {alg!r}", f.header(alg=alg)
    yield "alg none without signature", b64(b'{"alg":"none","kid":"x","typ":"tg+msg"}') + b"." + f.body + b"."
    yield "HMAC with the public key", f.hmac()
    yield "jwk injected", f.jwk()
    for name, value in {
        "jku": "https://keys.example/x", "x5u": "https://keys.example/x", "x5c": ["MIIB"], "x5t": "x", "b64": False,
        "crit": ["b64"], "cty": "json", "zip": "DEF", "extra": 1,
    }.items():  # fmt: skip
        yield f"header with {name}", f.header(**{name: value})
    yield "crit and b64", f.header(crit=["b64"], b64=False)
    for typ in ("tg+rcpt", "JWT", "TG+MSG", "", None, 7):
        yield f"typ {typ!r}", f.header(typ=typ)
    for kid in (None, "", 5, ["x"], "../../etc/passwd", "VN.DEA:abc", "x" * 129, "nobody.knows:0000", "a\u0000b"):
        yield f"kid {kid!r}", f.header(kid=kid)
    yield "alg twice", f.signed(b'{"alg":"none",' + good_header[1:], payload)
    yield "kid twice", f.signed(good_header[:-1] + b',"kid":"other"}', payload)
    yield "header a list", f.signed(b'["alg","kid","typ"]', payload)
    yield "header null", f.signed(b"null", payload)
    yield "header not JSON", f.signed(b"{alg:Ed25519}", payload)
    yield "header deep", f.signed(nested(200), payload)
    yield "header with a byte order mark", f.signed(b"\xef\xbb\xbf" + good_header, payload)

    # the signature
    yield "signed by nobody", f.other_key()
    yield "zero signature", f.head + b"." + f.body + b"." + b64(bytes(64))
    yield "scalar out of range", f.long_signature()
    yield "short signature", f.head + b"." + f.body + b"." + b64(bytes(63))
    yield "another payload", f.head + b"." + b64(payload.replace(b"hello", b"hullo")) + b"." + f.signature
    yield "another header", b64(good_header + b" ") + b"." + f.body + b"." + f.signature
    ecdsa = ec.generate_private_key(ec.SECP256R1())
    yield "an ECDSA signature", f.head + b"." + f.body + b"." + b64(ecdsa.sign(payload, ec.ECDSA(_sha256()))[:64])
    yield "an Ed448 signature", f.head + b"." + f.body + b"." + b64(ed448.Ed448PrivateKey.generate().sign(payload))

    # the payload's JSON
    yield "payload empty object", f.raw(b"{}")
    yield "payload a list", f.raw(b"[]")
    yield "payload not JSON", f.raw(b"hello")
    yield "payload not UTF-8", f.raw(b'{"v":"\xff\xfe"}')
    yield "payload UTF-16", f.raw(payload.decode().encode("utf-16"))
    yield "payload with more behind it", f.raw(payload + b"{}")
    yield "payload with a byte order mark", f.raw(b"\xef\xbb\xbf" + payload)
    yield "a key twice", f.raw(payload[:-1] + b',"to":"my.doe"}')
    yield "a key twice in the body", f.raw(payload.replace(b'"body":{', b'"body":{"text":"other",'))
    yield "a key twice by escape", f.raw(payload[:-1] + b',"\\u0074o":"my.doe"}')
    for word in ("NaN", "Infinity", "-Infinity", "1e999999", "9" * 5000, "0." + "1" * 50):
        yield f"number {word[:12]}", f.raw(payload.replace(b'"body":{', f'"body":{{"back":{word},'.encode()))
    yield "lone surrogate by escape", f.raw(payload.replace(b'"hello"', b'"\\ud800"'))
    yield "lone surrogate in a key", f.raw(payload.replace(b'"body":{', b'"body":{"\\udfff":1,'))
    yield "lone surrogate in bytes", f.raw(payload.replace(b'"hello"', b'"\xed\xa0\x80"'))
    yield "body 21 deep", f.body_of(body={"text": "x", "deep": json.loads(nested(20))})
    yield "body 10000 deep", f.raw(payload.replace(b'"hello"', nested(10_000)))
    yield "10000 open brackets", f.raw(b"[" * 10_000)

    # the fields
    for name in fields:
        yield f"without {name}", f.body_of(**{name: ...})
    wrong: dict[str, tuple[Any, ...]] = {
        "v": ("2.0", "1", 1, "1.0.0", "0.9", None),
        "id": ("", "1", str(fields["id"]).upper(), f"{fields['id'][:14]}4{fields['id'][15:]}", 5),
        "from": ("VN.DEA", "vn", "vn.", "my.doe", "vn.dea.x", "", None),
        "to": ("TH", "th.", ["th.pcd"], "th.pcd\n", None),
        "case": ("", "x" * 65, "a\nb", 5, None),
        "seq": (0, -1, 1.5, "1", True, 2**31, None),
        "prev": ("0" * 64, "", "xyz"),
        "type": ("", "Toy", "toy..note", "x" * 65, None),
        "schema": (None, {}, {"name": "toy.note", "version": "1.0"}, "toy.note"),
        "created": ("2026-11-21", "2026-11-21T08:00:00", "2026-11-21T08:00:00+07:00", "2026-13-01T00:00:00Z", 0, None),
        "expires": (fields["created"], "yesterday"),
        "deadline": ("2026-11-21", {"at": "2026-11-21T08:00:00Z"}, []),
        "tlp": ("amber", "WHITE", None, 3),
        "purpose": ("x" * 201, "a\u0007b", None),
        "legal": (5, "x" * 201),
        "nominal": ("yes", 1, None),
        "reply_to": ("", "x", 3),
        "ack": ("none", None),
        "body": (None, [], "text"),
        "att": (None, {}, [1], [{"name": "x"}], [{}] * 51),
        "auth": (None, [], {"role": "x"}, {"role": "", "officer": "", "approvals": [1]}),
    }
    for name, values in wrong.items():
        for value in values:
            yield f"{name} {value!r}"[:60], f.body_of(**{name: value})


def _sha256() -> Any:
    from cryptography.hazmat.primitives.hashes import SHA256

    return SHA256()
