"""Fill the run's own database: schema, catalog, demo organization, mock provider.

`python -m bench.prepare URL` with the environment of the run; one process, because
starting Django anew for every command would take most of a quick run.
"""

import sys

import django
from django.conf import settings
from django.core.management import call_command

from bench.cases import MODELS

# Prices a fourfold apart, so that the choice weighs something; they are nobody's.
CHEAPEST_USD = 0.05


def prepare(upstream: str) -> None:
    call_command("setup_database", verbosity=0)
    call_command("migrate", verbosity=0, interactive=False)
    call_command("seed_catalog", verbosity=0)
    call_command("seed_demo", file=settings.DATA_DIR / "demo.json")
    for step, model in enumerate(reversed(MODELS)):
        price = CHEAPEST_USD * 4**step
        call_command(
            "add_provider",
            "bench",
            f"--base-url={upstream}",
            f"--model={model}",
            f"--input-price={price:.2f}",
            f"--output-price={4 * price:.2f}",
            "--context=128000",
        )
    set_budget()


def set_budget() -> None:
    """A budget that holds every request of the run, counted like any other."""
    from apps.accounts.models import Organization  # noqa: PLC0415  # after the setup
    from apps.router.budget_models import Budget  # noqa: PLC0415  # the same
    from apps.tenancy.scope import scope, unscoped  # noqa: PLC0415  # the same

    with unscoped("every organization of a bench gets a budget"):
        orgs = list(Organization.objects.using("owner"))
    for org in orgs:
        with scope(org.pk):
            Budget.objects.create(period="month", limit_usd=1_000_000)


def drop() -> None:
    """Remove the run's database from a server that goes on living."""
    from apps.tenancy.provision import drop_database  # noqa: PLC0415  # the same

    drop_database(settings.DATABASES)


if __name__ == "__main__":
    django.setup()
    if sys.argv[1] == "--drop":
        drop()
    else:
        prepare(sys.argv[1])
