"""`tidegate authority`: set up a State with its first authority and that authority's first manager.

Everything else is done by people in the browser, each in a role; this is where the first of them comes from.
"""

from __future__ import annotations

import argparse
import os
import sys

EPILOG = """\
example:
  tidegate authority VN --name "Viet Nam" --node vn.example --zone Asia/Ho_Chi_Minh \\
      --authority "Competent Authority" --registration CA-1 --email manager@authority.example

It prints the path of the link with which the manager sets the first password, once. Run again for the same manager, it
prints a new link as long as nobody has come in with it.
"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Arguments of the verb."""
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = EPILOG
    parser.add_argument("state", metavar="CC", help="the State, ISO 3166-1 alpha-2")
    parser.add_argument("--name", required=True, help="the State's name")
    parser.add_argument("--node", required=True, help="its address in the exchange, such as vn.example")
    parser.add_argument("--zone", default="UTC", help="its time zone, such as Asia/Bangkok (default: %(default)s)")
    parser.add_argument("--authority", required=True, help="name of its competent authority")
    parser.add_argument("--registration", required=True, help="the authority's number in the register")
    parser.add_argument("--email", required=True, help="the first manager's e-mail address")
    parser.add_argument("--settings", choices=("dev", "office"), help="which settings (default: as `serve`)")


def run(args: argparse.Namespace) -> int:
    """Exit: 0 done, 2 a value that is not possible, or a database that cannot be reached."""
    from django.core.exceptions import ImproperlyConfigured
    from django.db import DatabaseError

    from tidegate.web.serve import DEFAULT_SETTINGS, prepare

    if args.settings:
        os.environ["DJANGO_SETTINGS_MODULE"] = f"tidegate.web.settings.{args.settings}"
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", DEFAULT_SETTINGS)
    try:
        prepare()
        from django.conf import settings

        if settings.TIDEGATE_DEMO:
            print("tidegate authority: the demo makes its own States; name --settings office", file=sys.stderr)
            return 2
        from tidegate.parties.commanding import Refused
        from tidegate.parties.setup import set_up

        try:
            way = set_up(args.state, args.name, args.node, args.zone, args.authority, args.registration, args.email)
        except Refused as refused:
            value = f": {refused.value}" if refused.value is not None else ""
            print(f"tidegate authority: {refused.field}{value}: {refused.text}", file=sys.stderr)
            return 2
    except (ImproperlyConfigured, DatabaseError) as error:
        print(f"tidegate authority: the database cannot be reached: {error}", file=sys.stderr)
        return 2
    if way is None:
        print(f"{args.email} has come in already; there is nothing left to set up")
    else:
        print(f"the manager sets the first password at {way}")
    return 0
