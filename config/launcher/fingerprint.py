"""Tell whether the database has to be made ready again."""

import datetime
import hashlib

from config.launcher.environment import ROOT

STEP = "step: "
CODE = ("apps/**/*.py", "apps/**/seed/*", "config/settings.py", "requirements.txt")


def fingerprint() -> str:
    """Sum up the code and the seeds that decide what the database holds.

    The day counts too: offers end on a date.
    """
    today = datetime.datetime.now(datetime.UTC).date()
    total = hashlib.sha256(today.isoformat().encode())
    for path in sorted({path for pattern in CODE for path in ROOT.glob(pattern)}):
        if path.is_file():
            total.update(str(path.relative_to(ROOT)).encode() + b"\0")
            total.update(path.read_bytes())
    return total.hexdigest()
