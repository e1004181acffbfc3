"""What no log line of any test may hold: the passwords and keys that tests work with.

Every record that is written anywhere in the suite passes by here, tracebacks included.
"""

import logging
import re
from typing import Final

from apps.accounts.keys import is_well_formed

# Provider keys are written like this in the whole suite; so is the one password.
_SECRET: Final = re.compile(
    r"correct horse battery staple|\bsk-(?:own|mine|managed|fake)-[\w-]{8,}"
)
_TOKEN: Final = re.compile(r"\bmx_(?:live|test)_[0-9A-Za-z]{38}\b")


class LeakWatch(logging.Handler):
    """Remembers where a secret was logged, and never the secret itself."""

    def __init__(self) -> None:
        super().__init__(logging.NOTSET)
        self.setFormatter(logging.Formatter("%(message)s"))
        self.found: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        text = self.format(record)
        tokens = filter(is_well_formed, _TOKEN.findall(text))
        if _SECRET.search(text) or any(tokens):
            self.found.append(f"{record.name} {record.levelname} ({record.pathname})")


LEAK_WATCH: Final = LeakWatch()
