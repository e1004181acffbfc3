"""Make the demo account and its keys, and write what it takes to use them."""

import json
import os
import secrets
from pathlib import Path
from typing import Any, Final

from allauth.account.models import EmailAddress
from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser
from django.db import transaction

from apps.accounts import key_services, keys, services
from apps.accounts.models import APIKey, Organization, User
from apps.accounts.queries import memberships_of
from apps.tenancy.scope import scope

EMAIL: Final = "demo@modeloptix.local"
ORGANIZATION: Final = "Demo organization"
KEY_NAMES: Final = {False: "Demo live key", True: "Demo test key"}


class Command(BaseCommand):
    help = "Make the demo account; `--file` keeps its password and keys (0600)."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--file", type=Path, required=True)

    def handle(self, *args: Any, file: Path, **options: Any) -> None:
        known = _read(file)
        with transaction.atomic():
            facts = known if _still_holds(known) else _make()
        _write(file, {**facts, "url": settings.SITE_URL})
        self.stdout.write(f"The demo account is in {file}.")


def _read(file: Path) -> dict[str, str]:
    try:
        facts = json.loads(file.read_text())
    except (OSError, ValueError):
        return {}
    return facts if isinstance(facts, dict) else {}


def _still_holds(facts: dict[str, str]) -> bool:
    """Whether the person, the password and both keys of the file still work."""
    user = User.objects.filter(email=EMAIL).first()
    if user is None or not user.check_password(str(facts.get("password", ""))):
        return False
    tokens = [str(facts.get(name, "")) for name in ("live_key", "test_key")]
    return all(keys.resolve(keys.digest(token)) for token in tokens)


def _make() -> dict[str, str]:
    """The account with a new password and new keys; the ones before stop working."""
    password = secrets.token_urlsafe(15)
    user = User.objects.filter(email=EMAIL).first()
    if user is None:
        user = User.objects.create_user(EMAIL, name="Demo")
    user.set_password(password)
    user.save(update_fields=["password"])
    EmailAddress.objects.update_or_create(
        user=user, email=EMAIL, defaults={"verified": True, "primary": True}
    )
    org = _organization_of(user)
    return {
        "email": EMAIL,
        "password": password,
        "live_key": _renew_key(org, user, is_test=False),
        "test_key": _renew_key(org, user, is_test=True),
        "organization": org.name,
    }


def _organization_of(user: User) -> Organization:
    memberships = memberships_of(user)
    if memberships:
        return memberships[0].org
    return services.create_organization(user, ORGANIZATION)


def _renew_key(org: Organization, user: User, *, is_test: bool) -> str:
    name = KEY_NAMES[is_test]
    with scope(org.id):
        for old in APIKey.objects.filter(name=name, revoked_at=None):
            key_services.revoke_key(old.id)
        wanted = key_services.NewKey(name=name, is_test=is_test)
        return key_services.create_key(wanted, by=user)[1]


def _write(file: Path, facts: dict[str, str]) -> None:
    """Replace the file in one step; nobody but its owner may read it."""
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = file.with_suffix(".new")
    draft.unlink(missing_ok=True)
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as stream:
        stream.write(json.dumps(facts, indent=2) + "\n")
    draft.replace(file)
