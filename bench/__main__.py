"""`./run bench router`, `jobs`, `catalog`, `limits`: the measurements."""

import argparse
import sys
from dataclasses import replace
from pathlib import Path

from bench import catalog, router
from bench.limits.run import run as limits
from bench.torture import run as torture
from config.launcher.problems import LaunchError

SECONDS = 8.0
ROUNDS = 2


def main() -> int:
    options = _parser().parse_args()
    try:
        return _MEASURES[options.what](options)
    except LaunchError as problem:
        print(f"bench: {problem}", file=sys.stderr)
    except KeyboardInterrupt:
        print("bench: stopped, nothing was measured", file=sys.stderr)
    return 1


def _router(options: argparse.Namespace) -> int:
    full = router.Options(options.seconds, 0.5, ROUNDS, options.json)
    quick = router.Options(1.0, 0.2, 1, options.json)
    return router.run(quick if options.quick else full)


def _limits(options: argparse.Namespace) -> int:
    return limits(options.json)


def _jobs(options: argparse.Namespace) -> int:
    wanted = torture.QUICK if options.quick else torture.Options()
    if options.minutes:
        wanted = replace(wanted, minutes=options.minutes)
    return torture.run(
        replace(wanted, is_fenced=not options.unfenced, json_path=options.json)
    )


def _catalog(options: argparse.Namespace) -> int:
    wanted = catalog.QUICK if options.quick else catalog.Options()
    return catalog.run(replace(wanted, json_path=options.json))


_MEASURES = {
    "router": _router,
    "jobs": _jobs,
    "catalog": _catalog,
    "limits": _limits,
}


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="./run bench", description=__doc__)
    what = parser.add_subparsers(dest="what", required=True)
    _add_router(what.add_parser("router", help="the router beside a pass-through"))
    _add_jobs(what.add_parser("jobs", help="jobs, while everything is being broken"))
    more = what.add_parser("limits", help="limits and budgets over four processes")
    more.add_argument("--json", type=Path, metavar="FILE", help="write it all there")
    _add_catalog(what.add_parser("catalog", help="a full sync: seconds and memory"))
    return parser


def _add_catalog(catalog_: argparse.ArgumentParser) -> None:
    catalog_.add_argument(
        "--json", type=Path, metavar="FILE", help="write it all there"
    )
    catalog_.add_argument("--quick", action="store_true", help="a tenth; not to quote")


def _add_router(router: argparse.ArgumentParser) -> None:
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


def _add_jobs(jobs: argparse.ArgumentParser) -> None:
    jobs.add_argument("--minutes", type=float, help="of faults (10)")
    jobs.add_argument("--json", type=Path, metavar="FILE", help="write it all there")
    jobs.add_argument("--quick", action="store_true", help="a look in under a minute")
    jobs.add_argument(
        "--unfenced", action="store_true", help="without the token: what it is good for"
    )


def _seconds(text: str) -> float:
    seconds = float(text)
    if not 0.5 <= seconds <= 600:
        raise argparse.ArgumentTypeError("between 0.5 and 600")
    return seconds


if __name__ == "__main__":
    sys.exit(main())
