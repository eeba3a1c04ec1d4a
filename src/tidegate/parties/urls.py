"""Sign-in, and the pages of parties and rights."""

from __future__ import annotations

from allauth.account import urls as account
from allauth.mfa import urls as mfa
from django.conf import settings
from django.urls import include, path
from django.urls.resolvers import URLPattern, URLResolver

from tidegate.parties.access import PUBLIC, SIGNED_IN, walk
from tidegate.parties.views import agents, approvals, journal, members, people, register

# allauth's own views say in their code who may open them; here it is said again, so that the matrix test can hold them
# to it. What is not named here is not served: nobody signs up, and a manager keeps a person's address.
ACCOUNT = {
    "account_login": PUBLIC,
    "account_logout": PUBLIC,
    "account_inactive": PUBLIC,
    "account_signup": PUBLIC,
    "account_reauthenticate": SIGNED_IN,
    "account_change_password": SIGNED_IN,
    "account_set_password": SIGNED_IN,
    "account_reset_password": PUBLIC,
    "account_reset_password_done": PUBLIC,
    "account_reset_password_from_key": PUBLIC,
    "account_reset_password_from_key_done": PUBLIC,
    "mfa_index": SIGNED_IN,
    "mfa_authenticate": PUBLIC,
    "mfa_reauthenticate": SIGNED_IN,
    "mfa_activate_totp": SIGNED_IN,
    "mfa_deactivate_totp": SIGNED_IN,
    "mfa_view_recovery_codes": SIGNED_IN,
    "mfa_generate_recovery_codes": SIGNED_IN,
    "mfa_download_recovery_codes": SIGNED_IN,
    "mfa_list_webauthn": SIGNED_IN,
    "mfa_add_webauthn": SIGNED_IN,
    "mfa_reauthenticate_webauthn": SIGNED_IN,
    "mfa_remove_webauthn": SIGNED_IN,
    "mfa_edit_webauthn": SIGNED_IN,
    "mfa_login_webauthn": PUBLIC,
}


def _served(patterns: list[URLPattern | URLResolver]) -> list[URLPattern | URLResolver]:
    """Those of allauth's addresses that are named above, marked with who may open them."""
    kept: list[URLPattern | URLResolver] = []
    for pattern in patterns:
        if isinstance(pattern, URLResolver):
            for inner in walk(pattern.url_patterns):
                _mark(inner)
            kept.append(pattern)
        elif pattern.name in ACCOUNT:
            _mark(pattern)
            kept.append(pattern)
    return kept


def _mark(pattern: URLPattern) -> None:
    pattern.callback.access = ACCOUNT[str(pattern.name)]  # type: ignore[attr-defined]


pages: list[URLPattern | URLResolver] = [
    path("me/", people.me, name="me"),
    path("me/act/", people.act, name="act"),
    path("me/settings/", people.settings_, name="settings"),
    path("journal/", journal.journal, name="journal"),
    path("journal/<uuid:pk>/", journal.entry, name="entry"),
    path("organisations/", register.organisations, name="organisations"),
    path("organisations/new/", register.add, name="add-organisation"),
    path("organisations/<uuid:pk>/", register.organisation, name="organisation"),
    path("organisations/<uuid:pk>/edit/", register.edit, name="edit-organisation"),
    path("organisations/<uuid:pk>/facilities/new/", register.add_facility, name="add-facility"),
    path("organisations/<uuid:pk>/people/new/", members.invite, name="invite"),
    path("facilities/<uuid:pk>/edit/", register.edit_facility, name="edit-facility"),
    path("roles/<uuid:pk>/end/", members.end, name="end-role"),
    path("roles/<uuid:pk>/link/", members.again, name="link"),
    path("delegations/", agents.delegations, name="delegations"),
    path("delegations/new/", agents.give, name="give-delegation"),
    path("delegations/<uuid:pk>/revoke/", agents.revoke, name="revoke-delegation"),
    path("keys/", agents.keys, name="keys"),
    path("keys/new/", agents.make_key, name="make-key"),
    path("keys/<uuid:pk>/revoke/", agents.revoke_key, name="revoke-key"),
    path("approvals/", approvals.approvals, name="approvals"),
    path("approvals/<uuid:pk>/", approvals.decide, name="decide"),
    path("state/", approvals.state, name="state"),
]

urlpatterns: list[URLPattern | URLResolver] = [
    path("accounts/", include(_served(account.urlpatterns))),
    path("accounts/2fa/", include(_served(mfa.urlpatterns))),
    path("", include((pages, "parties"))),
]

if settings.TIDEGATE_DEMO:
    urlpatterns.append(path("demo/", include("tidegate.parties.demo_urls")))
