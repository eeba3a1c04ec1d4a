"""Sign-in: nobody signs up; a manager invites."""

from __future__ import annotations

from allauth.account.adapter import DefaultAccountAdapter
from django.http import HttpRequest
from django.urls import Resolver404, resolve, reverse

# Where the work is; a page of an app above this one, which an installation may lack.
DESK = "/desk/"


class AccountAdapter(DefaultAccountAdapter):
    """Accounts are made by managers, never by strangers."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def get_login_redirect_url(self, request: HttpRequest) -> str:
        try:
            resolve(DESK)
        except Resolver404:
            return reverse("parties:me")
        return DESK
