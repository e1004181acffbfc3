"""The column of vectors, made where the database has the extension for it.

Only a superuser can install `vector`. `./run` does so for the embedded database; on
another one it is a line for whoever runs it, and until then the feature says that it is
unavailable. Run as the owner, as often as one likes.
"""

from typing import Any, Final

from django.db import Error, transaction

DIMENSIONS: Final = 256

_HAS_TYPE: Final = "SELECT to_regtype('vector') IS NOT NULL"
_HAS_COLUMN: Final = """
    SELECT EXISTS (SELECT FROM pg_attribute WHERE attname = 'embedding'
        AND attrelid = 'router_semanticanswer'::regclass AND NOT attisdropped)
"""
_INSTALL: Final = "CREATE EXTENSION IF NOT EXISTS vector"
_ADD_COLUMN: Final = (
    f"ALTER TABLE router_semanticanswer ADD COLUMN IF NOT EXISTS"
    f" embedding vector({DIMENSIONS})"
)


def prepare(connection: Any) -> bool:
    """Add the column if that is possible; whether it is there now."""
    with connection.cursor() as cursor:
        if not _has_type(cursor) and not _installed(connection, cursor):
            return False
        cursor.execute(_ADD_COLUMN)
    return True


def is_there(connection: Any) -> bool:
    """Whether vectors can be stored here."""
    with connection.cursor() as cursor:
        cursor.execute(_HAS_COLUMN)
        return bool(cursor.fetchone()[0])


def _has_type(cursor: Any) -> bool:
    cursor.execute(_HAS_TYPE)
    return bool(cursor.fetchone()[0])


def _installed(connection: Any, cursor: Any) -> bool:
    """Try to install it: some hosts let an owner."""
    try:
        with transaction.atomic(using=connection.alias):
            cursor.execute(_INSTALL)
    except Error:
        return False
    return _has_type(cursor)
