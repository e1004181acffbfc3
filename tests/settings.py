"""The product's settings, with what a test run has to differ in.

Read before any conftest, so the environment is completed here.
"""

import atexit
import os
import shutil
import tempfile
from pathlib import Path

WORKER = os.environ.get("PYTEST_XDIST_WORKER", "")

_folder = Path(tempfile.mkdtemp(prefix="modeloptix-test-"))
atexit.register(shutil.rmtree, _folder, ignore_errors=True)
os.environ.update(
    DEBUG="false",
    SECRET_KEY="the tests' own secret",
    KEY_PEPPER="the tests' own pepper",
    KEY_ENCRYPTION_KEYS="1:VGhlIHRlc3RzJyBvd24ga2V5LCBvZiAzMiBieXRlcyE=",
    MODELOPTIX_DATA_DIR=str(_folder),
    JOURNAL_DIR="",
    SITE_URL="http://testserver",
    # Tests of limits set their own; load in the others is not to be held back.
    RATE_LIMIT_MAX="0",
    ALLOWED_HOSTS="testserver,127.0.0.1,localhost",
)

from config.settings import *  # noqa: E402 F403  # after the environment is complete

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
# Emptied before each test, which on a shared server would empty that for all.
CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
CELERY_TASK_ALWAYS_EAGER = True
CELERY_TASK_EAGER_PROPAGATES = True
MAIL_DELIVERY = "now"
