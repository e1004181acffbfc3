"""The command line of `./run`."""

import argparse
import sys
from collections.abc import Callable, Sequence

from config.launcher import commands, product
from config.launcher.plan import Options
from config.launcher.problems import LaunchError, tell
from config.launcher.supervisor import Stopped

COMMANDS: dict[str, Callable[[Sequence[str]], int]] = {
    "manage": commands.manage,
    "shell": commands.shell,
    "psql": commands.psql,
    "test": commands.test,
    "bench": commands.bench,
    "check": commands.check,
}
HELP = """\
Start ModelOptix: Postgres, Valkey, the local model, the web process and the jobs.

commands:
  ./run                    start everything; Ctrl-C stops it
  ./run manage ARGS        a Django command, with the services it needs
  ./run shell | psql       a Python or SQL prompt on the data
  ./run test [ARGS]        the tests, on services of their own (pytest's arguments)
  ./run bench NAME         a measurement
  ./run check [WORDS]      every gate but the tests
"""


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="./run",
        description=HELP,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--host", default="127.0.0.1", help="where to listen")
    parser.add_argument("--port", type=_port, default=8000, help="default: 8000")
    parser.add_argument("--no-local-model", action="store_true")
    parser.add_argument("--reset", action="store_true", help="delete all data first")
    parser.add_argument("--yes", action="store_true", help="--reset without asking")
    return parser.parse_args(arguments)


def _port(text: str) -> int:
    if not text.isdecimal() or not 0 < int(text) < 65536:
        raise argparse.ArgumentTypeError(f"{text!r} is not a port")
    return int(text)


def main(arguments: Sequence[str]) -> int:
    first = arguments[0] if arguments else ""
    if first in COMMANDS:
        return COMMANDS[first](arguments[1:])
    options = parse(["--help"] if first == "help" else arguments)
    if options.reset:
        product.reset(is_sure=options.yes)
    has_local_model = not options.no_local_model
    product.run(Options(options.host, options.port, has_local_model))
    return 0


def guarded(arguments: Sequence[str]) -> int:
    """Turn what stops a start into one line and an exit code."""
    try:
        return main(arguments)
    except LaunchError as problem:
        print(f"./run: {problem}", file=sys.stderr)
    except OSError as problem:
        print(f"./run: {tell(problem)}", file=sys.stderr)
    except (Stopped, KeyboardInterrupt):
        return 130
    return 1


if __name__ == "__main__":
    sys.exit(guarded(sys.argv[1:]))
