"""Signing for the other rooms, with the States' exchange keys: certificates, status lists, printed consents."""

from __future__ import annotations

from tidegate.exchange import envelope, jose, keys, receipt
from tidegate.exchange.models import Key
from tidegate.parties.models import State
from tidegate.parties.registry import VerifyKey


class Keeper:
    """What `parties.registry.Signer` asks for."""

    def sign(self, state: str, payload: bytes, typ: str) -> tuple[str, str]:
        """Key id and compact JWS. Raises KeyProblem where the State has no usable key here.

        Raises ValueError for the exchange's own kinds: nobody else makes what could pass for a message or a receipt.
        """
        if typ in (envelope.TYP, receipt.TYP):
            raise ValueError(f"{typ} is signed by the exchange alone")
        kid, key = keys.signing(State.objects.get(pk=state))
        return kid, jose.sign(payload, kid=kid, typ=typ, key=key).decode("ascii")

    def keys(self, state: str) -> list[VerifyKey]:
        """Every key of a State that this node knows, newest first."""
        node = State.objects.values_list("node", flat=True).get(pk=state)
        return [
            VerifyKey(key.kid, state, key.public, key.retired_at, key.revoked_at is not None)
            for key in Key.objects.filter(node=node).order_by("-valid_from")
        ]
