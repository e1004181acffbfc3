"""Begin and end the router with its web process."""

import gc
import logging
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from apps.router import runtime
from apps.router.draining import DRAIN

logger = logging.getLogger(__name__)

Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

# Few collections, none of them over what was loaded at the start: measured, the
# slowest percent of requests falls from 55 to 14 ms (docs/architecture.md).
GC_THRESHOLD = 50_000


async def lifespan(receive: Receive, send: Send) -> None:
    """Answer the server's start-up and shutdown messages."""
    while True:
        message = await receive()
        if message["type"] == "lifespan.startup":
            await _startup(send)
        elif message["type"] == "lifespan.shutdown":
            await runtime.stop()
            await send({"type": "lifespan.shutdown.complete"})
            return


async def _startup(send: Send) -> None:
    try:
        await runtime.start()
    except Exception as problem:
        logger.exception("The router did not start")
        await send({"type": "lifespan.startup.failed", "message": str(problem)})
        return
    DRAIN.watch()
    gc.collect()
    gc.freeze()
    gc.set_threshold(GC_THRESHOLD)
    await send({"type": "lifespan.startup.complete"})
