"""Post messages and send tasks at an even pace, then sweep like the beat until ended.

`python -m bench.torture.poster COUNT SECONDS`
"""

import sys
import time
from typing import Final

import django
from kombu.exceptions import OperationalError

SWEEP_S: Final = 0.5


def post(count: int, seconds: float) -> None:
    django.setup()
    # They need the models.
    from apps.jobs.outbox import kick, post  # noqa: PLC0415
    from bench.torture.tasks import TOPIC, note_task  # noqa: PLC0415

    began = time.monotonic()
    for number in range(count):
        post(TOPIC, {"number": number})
        # A task that the broker did not take was not sent; whoever sends it knows.
        while not _is_sent(note_task, number):
            time.sleep(0.1)
        time.sleep(max(0.0, began + seconds * (number + 1) / count - time.monotonic()))
    print("posted", flush=True)
    while True:
        kick()
        time.sleep(SWEEP_S)


def _is_sent(task: object, number: int) -> bool:
    try:
        task.apply_async([number], retry=False)  # type: ignore[attr-defined]  # a Celery task
    except OperationalError:
        return False
    return True


if __name__ == "__main__":
    post(int(sys.argv[1]), float(sys.argv[2]))
