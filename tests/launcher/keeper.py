"""A supervisor over two sleepers, for tests that kill it: `keeper.py FOLDER`."""

import json
import os
import sys
from pathlib import Path

from config.launcher.child import Service
from config.launcher.console import Console
from config.launcher.processes import Process
from config.launcher.supervisor import Supervisor

SLEEPER = "sleep 600 & echo up; wait"


def main(folder: Path) -> None:
    lock = os.open(folder / "lock", os.O_RDWR | os.O_CREAT, 0o600)

    def note(processes: list[Process]) -> None:
        listed = [process.as_json() for process in processes]
        (folder / "list.new").write_text(json.dumps(listed))
        (folder / "list.new").rename(folder / "list")

    console = Console()
    doomed = [folder / "doomed"]
    with Supervisor(
        console, logs=folder / "logs", lock=lock, doomed=doomed
    ) as supervisor:
        supervisor.on_change = note
        for name in ("web", "worker"):
            supervisor.start(Service(name, ["/bin/sh", "-c", SLEEPER], {}))
        supervisor.watch()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
