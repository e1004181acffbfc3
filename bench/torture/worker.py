"""Workers that fight for one job; a nursery forks them, so that each starts at once.

`python -m bench.torture.worker` makes the jobs' tables, says that it is ready, then
forks a worker for every line it reads and answers with its process id. `--unfenced`
leaves the fencing token out, to show what it is good for.
"""

import os
import random
import signal
import sys
import time
from typing import Final

import django
from django.core.management import call_command
from django.db import DatabaseError, connections, transaction

from apps.jobs import stopping
from apps.jobs.errors import LostRunError, NotNowError, StoppedError
from bench.torture.tables import ITEMS, JOB

PAUSE_S: Final = 0.05
# Spent inside the unit, where a fault does most harm.
WORK_S: Final = (0.002, 0.03)


def nursery(*, is_fenced: bool) -> None:
    django.setup()
    # What they say must not be taken for an answer.
    call_command("setup_database", verbosity=0, stdout=sys.stderr)
    call_command("migrate", "jobs", verbosity=0, interactive=False)
    # A child must not share a connection with its parent.
    connections.close_all()
    print("ready", flush=True)
    # The children are nobody's to wait for.
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    for _ in sys.stdin:
        pid = os.fork()
        if not pid:
            fight(is_fenced=is_fenced)
            os._exit(0)
        print(pid, flush=True)


def fight(*, is_fenced: bool) -> None:
    """Take the job whenever it is free, until told to stop."""
    signal.signal(signal.SIGTERM, lambda *_: stopping.stop())
    random.seed()
    while not stopping.is_stopping():
        try:
            run_once(is_fenced=is_fenced)
        except (NotNowError, LostRunError, StoppedError, DatabaseError):
            connections.close_all()
            time.sleep(PAUSE_S)


def run_once(*, is_fenced: bool) -> None:
    """One run: go on with the pass that was left, to its end."""
    # Needs Django's models, and so the set-up of the nursery.
    from apps.jobs.lock import hold  # noqa: PLC0415

    with hold(JOB, trigger="event", by=str(os.getpid())) as held:
        number, _, done = (held.cursor or f"{held.run.token}:0").partition(":")
        for item in range(int(done), ITEMS):
            place = f"{number}:{item + 1}"
            if is_fenced:
                with held.unit():
                    _write(int(number), item, held.run.token)
                    held.advance(place, done=item + 1, total=ITEMS)
            else:
                with transaction.atomic(using="jobs"):
                    _write(int(number), item, held.run.token)
                    _advance_anyway(place, held.run.token)


def _write(number: int, item: int, token: int) -> None:
    with connections["jobs"].cursor() as cursor:
        cursor.execute(
            "INSERT INTO torture_effects VALUES (%s, %s, %s)", [number, item, token]
        )
    time.sleep(random.uniform(*WORK_S))


def _advance_anyway(place: str, token: int) -> None:
    with connections["jobs"].cursor() as cursor:
        cursor.execute(
            'UPDATE job_runs SET "cursor" = %s WHERE token = %s', [place, token]
        )


if __name__ == "__main__":
    nursery(is_fenced="--unfenced" not in sys.argv)
