"""Run the fake provider alone: `python -m apps.providers.fake --port 9000`."""

import argparse
import asyncio
import sys
from contextlib import suppress

from apps.providers.fake.server import FakeProvider


async def serve(port: int) -> None:
    async with FakeProvider.running(port) as fake:
        sys.stdout.write(f"{fake.base_url}\n")
        sys.stdout.flush()
        await asyncio.Event().wait()


def main() -> None:  # pragma: no cover  # its test runs it as a process
    parser = argparse.ArgumentParser(prog="python -m apps.providers.fake")
    parser.add_argument("--port", type=int, default=0, help="0 takes any free port")
    with suppress(KeyboardInterrupt):
        asyncio.run(serve(parser.parse_args().port))


if __name__ == "__main__":  # pragma: no cover
    main()
