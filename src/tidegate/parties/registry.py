"""What the apps tell each other without importing each other: event types, messages, subscribers.

An app declares its own in `published.py`, which its AppConfig imports in `ready`. Handlers run in the transaction of
the command (or of the inbound message): all of it is kept, or nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Protocol
from uuid import UUID

from django.urls import reverse

if TYPE_CHECKING:
    from tidegate.law import Book
    from tidegate.parties.actors import Actor
    from tidegate.parties.models import JournalEntry
    from tidegate.screening.registers import MemoryRegister, Register


@dataclass(frozen=True)
class Enclosed:
    """A file that goes with a message: SHA-256 (hexadecimal), name, media type, size in bytes.

    It is named although its bytes were lost here: its receiver then knows what to ask for.
    """

    sha256: str
    name: str
    media_type: str
    size: int


@dataclass(frozen=True)
class Post:
    """A message to another State: what crosses a border, also between two States on one node.

    `case` is the global reference of the case, by which order is kept; `type` a registered message type; `body` JSON.
    `deadline` is when an answer is due and `rule` the rule that says so. `nominal`: persons or companies are named.
    `legal` is the treaty article that it is sent under. `attachments` are files that go with it.
    """

    to: str
    case: str
    type: str
    body: Mapping[str, Any]
    deadline: datetime | None = None
    rule: str = ""
    nominal: bool = True
    legal: str = ""
    reply_to: str = ""
    approvals: Sequence[str] = ()
    attachments: Sequence[Enclosed] = ()


@dataclass(frozen=True)
class Message:
    """A message that came in, its signature, order and addressee checked. `sender` is a State's code."""

    id: str
    sender: str
    to: str
    case: str
    seq: int
    type: str
    body: Mapping[str, Any]
    created: datetime
    reply_to: str = ""


class Rejected(Exception):
    """The business step of a message is refused. `code` is one of a closed, translated list; nothing of it is kept."""

    def __init__(self, code: str, text: str):
        super().__init__(text)
        self.code = code
        self.text = text


Handler = Callable[[Message], None]
Subscriber = Callable[["JournalEntry", Sequence[Post]], None]


@dataclass(frozen=True)
class MessageType:
    """A kind of message: who handles it, and the JSON Schema that its body must meet."""

    name: str
    handler: Handler
    schema: Mapping[str, Any]
    version: str = "1.0"


@dataclass(frozen=True)
class VerifyKey:
    """A public Ed25519 key (32 bytes, hexadecimal) of a State, for whoever checks what it signed.

    `retired_at`: it signs nothing later than that. `revoked`: it may be in strange hands, nothing of it is believed.
    """

    kid: str
    state: str
    public: str
    retired_at: datetime | None = None
    revoked: bool = False


class Signer(Protocol):
    """Whoever keeps the States' keys: the app of the exchange."""

    def sign(self, state: str, payload: bytes, typ: str) -> tuple[str, str]:
        """Key id, and the payload signed by the State's key as a compact JWS with `typ` in its header."""
        ...

    def keys(self, state: str) -> list[VerifyKey]:
        """Every key that a State has signed with, the retired and revoked too."""
        ...


class RegisterOfState(Protocol):
    """A register of the screen (`tidegate.screening.registers.Register`) that answers one actor, live or frozen."""

    @property
    def live(self) -> Register:
        """Asks the database for what a shipment names."""
        ...

    def frozen(self) -> MemoryRegister:
        """All that it knows now, kept in memory: for a file, since its answers must not change while it is read."""
        ...


class Registers(Protocol):
    """Whoever keeps permits, consents, quota and facilities: the app of the movements."""

    def __call__(self, actor: Actor | None, book: Book) -> RegisterOfState | None:
        """The register that answers an actor when a shipment is screened; None where it may not ask it."""
        ...


@dataclass(frozen=True)
class DemoCase:
    """A case that the demo points out: what it shows, its page, and the organisation and role that look at it."""

    title: Any
    address: str
    registration: str
    role: str


@dataclass
class Registry:
    """Event types (with a name for people), message types, subscribers, the signer and the registers that the screen
    asks, of this installation."""

    events: dict[str, Any] = field(default_factory=dict)
    messages: dict[str, MessageType] = field(default_factory=dict)
    subscribers: list[Subscriber] = field(default_factory=list)
    signer: Signer | None = None
    registers: Registers | None = None
    register_right: str = ""
    # Asks other States again for files (holder's code, SHA-256s) that are not here; gives how many it asked for.
    fetch: Callable[[str, Sequence[str]], int] | None = None
    # Erase what else an app holds of a case whose period of keeping is over (State, case, SHA-256s of files that the
    # State needs no more); each gives how many messages.
    erasers: list[Callable[[str, str, Sequence[str]], int]] = field(default_factory=list)
    # The cases that the demo's first page points out.
    demo_cases: Callable[[], Sequence[DemoCase]] | None = None
    pages: dict[str, str] = field(default_factory=dict)
    acts: dict[str, tuple[Any, str]] = field(default_factory=dict)

    def event(self, type: str, label: Any) -> str:
        """Register an event type (`notification.submitted`) with its name for people."""
        if type in self.events:
            raise ValueError(f"the event {type!r} is registered twice")
        self.events[type] = label
        return type

    def page(self, subject: str, name: str) -> None:
        """Say which page (URL name, with the row's key as its one argument) shows rows of a kind (`"notification"`)."""
        self.pages[subject] = name

    def address_of(self, subject: str, key: UUID) -> str | None:
        """The address of the page that shows a subject of the journal, where an app named one."""
        name = self.pages.get(subject)
        return reverse(name, args=[key]) if name else None

    def act(self, command: str, label: Any, subject: str = "") -> None:
        """Name a command for the people who approve it, and the kind of row (`"consent"`) that it is about."""
        self.acts[command] = (label, subject)

    def act_label(self, command: str) -> str:
        """A command in words; its own name where nobody gave it any."""
        return str(self.acts.get(command, (command, ""))[0])

    def act_address(self, command: str, key: UUID) -> str | None:
        """The page that shows what a command is about, where an app named one."""
        return self.address_of(self.acts.get(command, ("", ""))[1], key)

    def message(self, name: str, schema: Mapping[str, Any], version: str = "1.0") -> Callable[[Handler], Handler]:
        """Register the handler of a message type."""

        def register(handler: Handler) -> Handler:
            if name in self.messages:
                raise ValueError(f"the message {name!r} is registered twice")
            self.messages[name] = MessageType(name, handler, schema, version)
            return handler

        return register

    def subscriber(self, function: Subscriber) -> Subscriber:
        """Register a function that is told of every journal entry, with the messages that go out with it."""
        if function not in self.subscribers:
            self.subscribers.append(function)
        return function


registry = Registry()
