"""Connection strings for code that speaks to Postgres without Django."""

from django.conf import settings
from psycopg.conninfo import make_conninfo


def dsn_of(alias: str) -> str:
    """The libpq connection string of one of Django's connections."""
    config = settings.DATABASES[alias]
    options = {k: v for k, v in config["OPTIONS"].items() if isinstance(v, str)}
    return make_conninfo(
        dbname=config["NAME"],
        user=config["USER"] or None,
        password=config["PASSWORD"] or None,
        host=config["HOST"] or None,
        port=config["PORT"] or None,
        **options,
    )
