"""Outlive the supervisor by a moment, to end what it can no longer end.

The supervisor writes each process it starts as a line of JSON; when the pipe closes
the supervisor is gone, however it went, and what still lives is stopped in order.
The guard also holds the supervisor's lock, so the next start waits until it is done.
"""

import json
import os
import shutil
import signal
import sys

from config.launcher.processes import Process, stop_in_order


def main(doomed: list[str]) -> None:
    # A closed terminal tells all it knows; this process must see the end.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    started = [Process(**json.loads(line)) for line in sys.stdin]
    # A service that was restarted is on the list twice; its first life is over.
    stop_in_order({process.name: process for process in started}.values())
    for folder in doomed:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    os.chdir("/")
    main(sys.argv[1:])
