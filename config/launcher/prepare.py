"""Make the database ready in one process: logins, tables, catalog, demo.

One start of Django instead of four is what keeps a first start short, and a later
one is skipped while nothing that could change the outcome has changed.
"""

import argparse
import io
import os
from collections.abc import Callable
from pathlib import Path

import django
import psycopg
from django.conf import settings
from django.core.management import call_command
from psycopg import sql

from config.launcher.environment import ROOT
from config.launcher.fingerprint import STEP

OWNER = "modeloptix_owner"


def make_owner(superuser_url: str) -> None:
    """Make the login that owns the tables, with what provisioning asks of it."""
    with psycopg.connect(superuser_url, autocommit=True) as connection:
        known = "SELECT 1 FROM pg_roles WHERE rolname = %s"
        if connection.execute(known, [OWNER]).fetchone() is None:
            create = "CREATE ROLE {} LOGIN CREATEDB CREATEROLE BYPASSRLS"
            connection.execute(sql.SQL(create).format(sql.Identifier(OWNER)))


def add_vectors(superuser_url: str) -> None:
    """Install the extension for vectors, which only a superuser can."""
    name = settings.DATABASES["owner"]["NAME"]
    with psycopg.connect(superuser_url, dbname=name, autocommit=True) as connection:
        connection.execute("CREATE EXTENSION IF NOT EXISTS vector")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--superuser-url")
    parser.add_argument("--demo", type=Path)
    parser.add_argument("--logins-only", action="store_true")
    options = parser.parse_args()
    os.chdir(ROOT)
    if options.superuser_url:
        make_owner(options.superuser_url)
    django.setup()
    steps: dict[str, Callable[[], object]] = {
        "Database": lambda: call_command("setup_database", verbosity=0),
    }
    if options.superuser_url:
        steps["Vectors"] = lambda: add_vectors(options.superuser_url)
    if not options.logins_only:
        steps["Tables"] = lambda: call_command(
            "migrate", database="owner", interactive=False, verbosity=0
        )
        steps["Catalog"] = lambda: call_command("seed_catalog", verbosity=0)
    if options.demo:
        steps["Demo organization"] = lambda: call_command(
            "seed_demo", file=options.demo, stdout=io.StringIO()
        )
    for title, work in steps.items():
        print(f"{STEP}{title}", flush=True)
        work()


if __name__ == "__main__":
    main()
