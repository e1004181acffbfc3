"""`./run bench router`: the command line of the measurements."""

import argparse
import sys
from pathlib import Path

from bench.router import Options, run
from config.launcher.problems import LaunchError

SECONDS = 8.0
ROUNDS = 2


def main() -> int:
    options = _parser().parse_args()
    full = Options(options.seconds, 0.5, ROUNDS, options.json)
    quick = Options(1.0, 0.2, 1, options.json)
    try:
        return run(quick if options.quick else full)
    except LaunchError as problem:
        print(f"bench: {problem}", file=sys.stderr)
    except KeyboardInterrupt:
        print("bench: stopped, nothing was measured", file=sys.stderr)
    return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="./run bench", description=__doc__)
    what = parser.add_subparsers(dest="what", required=True)
    router = what.add_parser("router", help="the router beside a bare pass-through")
    router.add_argument(
        "--seconds",
        type=_seconds,
        default=SECONDS,
        help=f"per case and target ({SECONDS:g})",
    )
    router.add_argument("--json", type=Path, metavar="FILE", help="write it all there")
    router.add_argument(
        "--quick", action="store_true", help="a look in under a minute; not to quote"
    )
    return parser


def _seconds(text: str) -> float:
    seconds = float(text)
    if not 0.5 <= seconds <= 600:
        raise argparse.ArgumentTypeError("between 0.5 and 600")
    return seconds


if __name__ == "__main__":
    sys.exit(main())
