"""Where requests enter: `/v1` to the router's raw front, the rest to Django."""

import os
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
django_application: Any = get_asgi_application()

# Django must be set up before anything that touches models is imported.
from apps.router.draining import DRAIN  # noqa: E402
from apps.router.front import Front  # noqa: E402
from apps.router.lifespan import lifespan  # noqa: E402
from apps.web.health import answer_health, answer_ready  # noqa: E402

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

front = Front(django_application)


async def application(scope: Scope, receive: Receive, send: Send) -> None:
    """The ASGI application that granian serves."""
    if scope["type"] == "lifespan":
        await lifespan(receive, send)
    elif scope["path"].startswith("/v1/"):
        await DRAIN.track(front(scope, receive, send))
    elif scope["path"] == "/health":
        await answer_health(send)
    elif scope["path"] == "/ready":
        await answer_ready(send)
    else:
        await django_application(scope, receive, send)
