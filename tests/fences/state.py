"""The whole database as comparable text: what two runs of the same request changed.

Identifiers, moments and random texts differ from run to run by their nature and are
masked; the rows that a run began with are called by name.
"""

import re
from collections import Counter
from collections.abc import Mapping
from typing import Final
from uuid import UUID

from django.db import connections

# Sessions and what is derived from random bits say nothing about a field that a
# request set; the same goes for the encrypted payload of a message.
SKIPPED: Final = {"django_session", "django_migrations", "usersessions_usersession"}
TABLES: Final = """
    SELECT c.relname FROM pg_class c
    WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')
      AND NOT c.relispartition
"""
_UUID: Final = re.compile(
    r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
)
# Of this century's third decade; a sentinel's moment is far from it.
_MOMENT: Final = re.compile(r"20[2-9]\d-\d\d-\d\d[T ][0-9:.]+(?:[+-]\d\d:?\d\d|Z)?")
_DAY: Final = re.compile(r"20[2-9]\d-\d\d-\d\d")
_RANDOM: Final = re.compile(
    r"\\\\x[0-9a-f]+|[A-Za-z0-9_+/=:.-]{24,}|mx_(?:live|test)_[\w…]+"
)
_SECRET_ENDS: Final = re.compile(r'"(?:\w*last4|prefix|password)": ?"[^"]*"')

State = Counter[str]


def state_of(names: Mapping[UUID, str]) -> State:
    """Every row of every table, masked; `names` are the identifiers that stay."""
    with connections["owner"].cursor() as cursor:
        cursor.execute(TABLES)
        tables = {table for (table,) in cursor.fetchall()} - SKIPPED
        # One round trip: there are many tables, and few of them have rows.
        cursor.execute(
            " UNION ALL ".join(
                f"SELECT '{table}', row_to_json(t)::text FROM \"{table}\" t"
                for table in sorted(tables)
            )
        )
        rows = cursor.fetchall()
    return Counter(f"{table} {_masked(row, names)}" for table, row in rows)


def _masked(row: str, names: Mapping[UUID, str]) -> str:
    text = _UUID.sub(lambda m: names.get(UUID(m[0]), "uuid"), row)
    for pattern, word in (
        (_MOMENT, "moment"),
        (_DAY, "day"),
        (_SECRET_ENDS, "ends"),
        (_RANDOM, "random"),
    ):
        text = pattern.sub(word, text)
    # The number of a row that a sequence gave, how long a test of a key took, and how
    # well the random ids of an archive compress.
    varying = "id|test_ms|took_ms|size_bytes|token"
    return re.sub(rf'"({varying})": ?\d{{1,5}}\b', r'"\1":n', text)


def differences(one: State, other: State) -> list[str]:
    """The rows that only one of both has, for a reader."""
    only_one, only_other = one - other, other - one
    return [*(f"- {row}" for row in only_one), *(f"+ {row}" for row in only_other)]
