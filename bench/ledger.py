"""Compare what the clients were answered with what the ledger holds."""

import time
from typing import Final

import psycopg

from bench.report import LedgerCheck

PATIENCE_S: Final = 60.0
_COUNT: Final = """
    SELECT count(*), count(DISTINCT id), count(*) FILTER (WHERE provider <> 'bench')
    FROM router_routed_request WHERE status = 'ok'
"""


def check(url: str, answered: int) -> LedgerCheck:
    """Wait until every answer is in the ledger, or it is plain that some never come.

    Rows are shipped in batches after the answers, so the last ones may need a moment.
    """
    began = time.monotonic()
    with psycopg.connect(url, autocommit=True) as connection:
        while True:
            rows, ids, foreign = connection.execute(_COUNT).fetchone() or (0, 0, 0)
            waited_s = time.monotonic() - began
            if rows >= answered or waited_s > PATIENCE_S:
                return LedgerCheck(answered, rows, ids, foreign, round(waited_s, 1))
            time.sleep(0.1)
