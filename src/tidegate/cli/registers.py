"""The registers that `tidegate screen` asks: files, and those that an installation keeps in its own database."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

OUR = "our"


def registers_of(paths: Sequence[str], book: Any, *, acting: str = "", settings: str | None = None) -> Any:
    """The registers to ask, as one; None where none is named. Raises FormatError.

    `our` stands for what this installation keeps; `acting` (STATE:REGISTRATION) is the organisation that asks it.
    """
    from tidegate.formats import FormatError

    if acting and OUR not in paths:
        raise FormatError(f"--acting {acting}: only `--register {OUR}` asks for an organisation", field="acting")
    if not paths:
        return None
    from tidegate.formats.registers import open_registers
    from tidegate.screening.registers import JoinedRegisters

    files = open_registers([path for path in paths if path != OUR], book)
    if OUR not in paths:
        return files
    own = our_register(acting, settings, book)
    return own if files is None else JoinedRegisters([own, files])


def our_register(acting: str, settings: str | None, book: Any) -> Any:
    """What this installation's database holds now, for one organisation. Raises FormatError.

    Whoever may run this command reads the database itself, and so acts for the organisation that it names.
    """
    import django
    from django.core.exceptions import ImproperlyConfigured
    from django.db import DatabaseError

    from tidegate.formats import FormatError

    if not acting:
        raise FormatError(
            f"--register {OUR}: say which organisation asks, as in --acting MY:CUSTOMS-01",
            field="acting", expected="State and registration number, such as MY:CUSTOMS-01",
        )  # fmt: skip
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", settings or "tidegate.web.settings.demo")
    try:
        django.setup()
        register = _register(acting, book)
    except (ImproperlyConfigured, ImportError) as error:
        raise FormatError(f"--register {OUR}: no installation is configured here: {error}", field="register") from None
    except DatabaseError as error:
        raise FormatError(
            f"--register {OUR}: the database cannot be read: {str(error).strip()}. `tidegate demo` or "
            "`tidegate serve` makes one; DJANGO_SETTINGS_MODULE or --settings says which it is.",
            field="register",
        ) from None
    return register


def _register(acting: str, book: Any) -> Any:
    from tidegate.formats import FormatError
    from tidegate.parties.actors import Actor
    from tidegate.parties.models import Organisation, Role
    from tidegate.parties.registry import registry

    state, _colon, registration = acting.partition(":")
    found = Organisation.objects.filter(
        holder=state.upper(), registration=registration, active=True, holder__here=True
    ).first()  # fmt: skip
    if found is None:
        raise FormatError(
            f"--acting {acting!r}: no organisation of this registration number is kept here for this State",
            field="acting", value=acting, expected="State and registration number, such as MY:CUSTOMS-01",
        )  # fmt: skip
    if registry.registers is None:
        raise FormatError(f"--register {OUR}: this installation keeps no registers", field="register")
    register = registry.registers(Actor(found.holder_id, found, Role.VIEWER), book)
    if register is None:
        raise FormatError(f"--acting {acting}: this organisation may not ask the registers", field="acting")
    return register.frozen()
