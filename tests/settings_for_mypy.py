"""Settings for the type checker's plugin, which loads Django without `./run`."""

import os

os.environ.setdefault("DEBUG", "true")

from config.settings import *  # noqa: F403  # the same settings, importable bare
