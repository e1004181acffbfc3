"""Let a person into the admin, or out of it; only whoever runs the machine can."""

import getpass
from argparse import ArgumentParser
from typing import Any

from allauth.account.models import EmailAddress
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.core.validators import validate_email
from django.db import transaction

from apps.accounts.models import Staff, User
from apps.accounts.services import ensure_organization
from apps.audit.services import record


class Command(BaseCommand):
    help = "Make a person staff, who may enter the admin with a second factor."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("email")
        parser.add_argument("--remove", action="store_true", help="take it back")
        parser.add_argument(
            "--create",
            action="store_true",
            help="open an account for this address first, and ask for its password",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        email = options["email"].strip().lower()
        user = User.objects.filter(email=email).first()
        if user is None and options["create"]:
            user = self._create(email)
        if user is None:
            raise CommandError(
                f"Nobody has the address {email}: sign up first, or add --create."
            )
        if options["remove"]:
            self._remove(user)
        else:
            self._add(user)

    def _create(self, email: str) -> User:
        try:
            validate_email(email)
            password = getpass.getpass("Password: ")
            validate_password(password, User(email=email))
        except ValidationError as problem:
            raise CommandError(" ".join(problem.messages)) from None
        if password != getpass.getpass("The same again: "):
            raise CommandError("The two passwords differ.")
        with transaction.atomic():
            user = User.objects.create_user(email, password)
            EmailAddress.objects.create(
                user=user, email=email, verified=True, primary=True
            )
            ensure_organization(user)
        return user

    def _add(self, user: User) -> None:
        _, is_new = Staff.objects.using("owner").get_or_create(user_id=user.id)
        if is_new:
            self._record("staff.added", user)
        self.stdout.write(
            f"{user.email} may enter /admin/, with a second factor"
            " (Settings, Profile & security)."
        )

    def _remove(self, user: User) -> None:
        gone, _ = Staff.objects.using("owner").filter(user_id=user.id).delete()
        if gone:
            self._record("staff.removed", user)
        self.stdout.write(f"{user.email} may no longer enter /admin/.")

    def _record(self, action: str, user: User) -> None:
        facts = {"email": user.email}
        record(action, subject="user", subject_id=user.id, after=facts, org_id=None)
