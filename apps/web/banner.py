"""Tell staff on every page that jobs are in trouble.

The answer comes from the cache: no page waits for a query while all is well, and
nobody is asked whether he is staff. `jobs.watch` writes it every minute.
"""

import logging
from typing import Any

from django.core.cache import cache
from django.http import HttpRequest
from redis.exceptions import RedisError

from apps.jobs.watch import FOUND_KEY, WATCHED_KEY

logger = logging.getLogger(__name__)


def job_trouble(request: HttpRequest) -> dict[str, Any]:
    """`job_trouble()` for templates: how many problems there are, for staff alone."""
    return {"job_trouble": lambda: _trouble(request)}


def _trouble(request: HttpRequest) -> str:
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated:
        return ""
    words = _words()
    return words if words and user.is_staff else ""


def _words() -> str:
    try:
        known = cache.get_many([FOUND_KEY, WATCHED_KEY])
    except RedisError:
        return ""
    count = known.get(FOUND_KEY)
    if count is None:
        # Nobody has ever looked: a new installation, whose worker is starting.
        return ""
    if WATCHED_KEY not in known:
        return "No job has been carried out for some time."
    if not count:
        return ""
    what = "one problem" if count == 1 else f"{count} problems"
    return f"The jobs of this installation have {what}."
