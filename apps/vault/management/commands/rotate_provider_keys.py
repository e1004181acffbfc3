"""Bring what is sealed under the newest of KEY_ENCRYPTION_KEYS."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from apps.jobs.lock import AlreadyRunningError, hold
from apps.vault.rotation import JOB, rotate


class Command(BaseCommand):
    help = (
        "Re-encrypt provider keys, secrets of single sign-on and second factors"
        " under the newest of KEY_ENCRYPTION_KEYS."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            with hold(JOB, trigger="command") as held:
                rotated = rotate(held)
                held.summary = str(rotated)
        except AlreadyRunningError as problem:
            raise CommandError(str(problem)) from problem
        self.stdout.write(f"Sealed values: {rotated}.")
        if rotated.unreadable:
            raise CommandError(
                "Keep the old keys of KEY_ENCRYPTION_KEYS until the unreadable ones "
                "are entered anew or deleted; the log names them."
            )
