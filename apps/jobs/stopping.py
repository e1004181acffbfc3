"""Whether this worker was told to stop, so that jobs end at their next unit."""

import threading
from typing import Final

_stopping: Final = threading.Event()


def stop() -> None:
    _stopping.set()


def is_stopping() -> bool:
    return _stopping.is_set()
