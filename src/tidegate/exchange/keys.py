"""The signing keys of the States kept here: made, found, rotated, revoked.

One Ed25519 key per State signs. Its private half is a file that only the owner of the process may read, under
TIDEGATE_DATA_DIR/keys; the table knows the public half. A key id is bound to one address: it begins with it.
"""

from __future__ import annotations

import os
import secrets
import stat
from datetime import datetime
from functools import partial
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.conf import settings
from django.db import IntegrityError, transaction

from tidegate.exchange import jose, log
from tidegate.exchange.envelope import NODE
from tidegate.exchange.models import Key, LogEntry
from tidegate.parties import times
from tidegate.parties.models import State

# How many characters of the public key's SHA-256 tell the keys of one address apart.
FINGERPRINT = 16
_cache: dict[tuple[str, int], Ed25519PrivateKey] = {}


class KeyProblem(Exception):
    """A private key cannot be used; the message says which file, and what to do."""


def folder() -> Path:
    """Where the private keys lie; made, for the owner alone, when it is not there."""
    found = Path(settings.TIDEGATE_DATA_DIR) / "keys"
    found.mkdir(mode=0o700, parents=True, exist_ok=True)
    return found


def path_of(kid: str) -> Path:
    """The file of a private key."""
    return folder() / f"{kid.replace(':', '_')}.pem"


def find(kid: str) -> Key | None:
    """The public key of this id, whatever became of it."""
    return Key.objects.filter(kid=kid).first()


def signing(state: State) -> tuple[str, Ed25519PrivateKey]:
    """The key that a State kept here signs with; made at the first use.

    Raises KeyProblem when its file is gone or may be read by others.
    """
    key = Key.objects.filter(node=state.node, retired_at=None, revoked_at=None).first()
    if key is None:
        try:
            with transaction.atomic():
                key = make(state)
        except IntegrityError:  # another made the first one at this moment
            key = Key.objects.get(node=state.node, retired_at=None, revoked_at=None)
    return key.kid, _private(key.kid)


def complete() -> None:
    """A key for every State kept here that has none yet, so that nobody has to make one in the middle of a command."""
    signers = Key.objects.filter(retired_at=None, revoked_at=None).values("node")
    for state in State.objects.filter(here=True).exclude(node__in=signers):
        signing(state)


def make(state: State, *, now: datetime | None = None) -> Key:
    """A new key for a State: first the file, on the disk, then the row, then the log's entry."""
    if not state.here:
        raise KeyProblem(f"{state.node} is not kept on this node: its keys are its own")
    if not NODE.fullmatch(state.node):
        raise KeyProblem(f"{state.node!r} is no exchange address; expected one such as vn.dea, in small letters")
    now = now or times.now()
    private = Ed25519PrivateKey.generate()
    public = private.public_key().public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
    kid = f"{state.node}:{jose.digest(public)[:FINGERPRINT]}"
    _write(path_of(kid), private)
    key = Key.objects.create(kid=kid, node=state.node, public=public.hex(), valid_from=now)
    log.append(log.lock(state.code), LogEntry.Kind.KEY, kid, jose.digest(public), at=now)
    return key


def rotate(state: State, *, now: datetime | None = None) -> Key:
    """A new key in place of the one that signs now; gives the new one.

    The old one verifies for ever what was written before, and signs nothing more: its file is removed once the
    change is committed.
    """
    now = now or times.now()
    with transaction.atomic():
        signing(state)
        old = Key.objects.select_for_update().get(node=state.node, retired_at=None, revoked_at=None)
        index = log.append(log.lock(state.code), LogEntry.Kind.KEY, old.kid, _sha(old), _said("retired"), now).n
        old.retired_at, old.retired_index = now, index
        old.save(update_fields=["retired_at", "retired_index"])
        made = make(state, now=now)
        transaction.on_commit(partial(path_of(old.kid).unlink, missing_ok=True))
    return made


def revoke(kid: str, reason: str, *, now: datetime | None = None) -> Key:
    """Say that a key may be in strange hands: nothing that it signed is taken in from now on.

    What was logged before stays valid; every State kept here writes the revocation into its log. A State kept here gets
    a new key at once. Raises Key.DoesNotExist.
    """
    now = now or times.now()
    with transaction.atomic():
        key = Key.objects.select_for_update().get(kid=kid)
        if key.revoked_at is not None:
            return key
        for state in State.objects.filter(here=True).order_by("code"):
            entry = log.append(log.lock(state.code), LogEntry.Kind.KEY, kid, _sha(key), _said("revoked"), now)
            if state.node == key.node:
                key.revoked_index = entry.n
        key.revoked_at, key.reason = now, reason[:200]
        key.save(update_fields=["revoked_at", "revoked_index", "reason"])
        owner = State.objects.filter(here=True, node=key.node).first()
        if owner is not None:
            signing(owner)
            transaction.on_commit(partial(path_of(kid).unlink, missing_ok=True))
    return key


def _sha(key: Key) -> str:
    return jose.digest(bytes.fromhex(key.public))


def _said(word: str) -> str:
    return jose.digest(word.encode("ascii"))


def _private(kid: str) -> Ed25519PrivateKey:
    path = path_of(kid)
    try:
        told = path.stat()
    except OSError:
        raise KeyProblem(f"{path.name} is not in the folder of keys: restore it, or revoke the key {kid}") from None
    if told.st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise KeyProblem(f"{path.name} may be read by others than its owner: chmod 600, and think of a new key")
    known = (str(path), told.st_mtime_ns)
    if known not in _cache:
        try:
            key = serialization.load_pem_private_key(path.read_bytes(), password=None)
        except ValueError:
            raise KeyProblem(f"{path.name} holds no private key") from None
        if not isinstance(key, Ed25519PrivateKey):
            raise KeyProblem(f"{path.name} holds another kind of key; expected Ed25519")
        _cache[known] = key
    return _cache[known]


def _write(path: Path, key: Ed25519PrivateKey) -> None:
    """The private key on the disk, for its owner alone, whole or not at all."""
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    draft = path.with_name(f"{path.name}.{secrets.token_hex(8)}")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(pem)
        file.flush()
        os.fsync(file.fileno())
    os.rename(draft, path)
    above = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(above)
    finally:
        os.close(above)
