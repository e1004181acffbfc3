"""Create the logins, the database and the grants; safe to run at every start."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from apps.tenancy.provision import provision


class Command(BaseCommand):
    help = "Create the logins, the database and its grants, as DATABASE_OWNER_URL."
    # The database may not exist yet.
    requires_system_checks = ()

    def handle(self, *args: Any, **options: Any) -> None:
        provision(settings.DATABASES)
        self.stdout.write(f"Database {settings.DATABASES['owner']['NAME']} is set up.")
