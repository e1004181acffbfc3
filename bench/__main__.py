"""`./run bench router`, `routing`, `tasks`, `jobs`, `catalog`, `limits`, `faults`."""

import argparse
import sys
from dataclasses import replace
from pathlib import Path

from bench import catalog, checks, opportunities, replay, router
from bench.contract import run as contract
from bench.faults.run import run as faults
from bench.limits.run import run as limits
from bench.tasks import Options as TaskOptions
from bench.tasks import run as tasks
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
    wanted = quick if options.quick else full
    return router.run(replace(wanted, with_litellm=options.litellm, soak=options.soak))


def _limits(options: argparse.Namespace) -> int:
    return limits(options.json)


def _faults(options: argparse.Namespace) -> int:
    with_limits = not options.quick and not options.only
    return faults(options.json, with_limits=with_limits, only=options.only)


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


def _opportunities(options: argparse.Namespace) -> int:
    wanted = opportunities.QUICK if options.quick else opportunities.Options()
    return opportunities.run(replace(wanted, json_path=options.json))


def _routing(options: argparse.Namespace) -> int:
    pool = tuple(name.strip() for name in options.pool.split(",") if name.strip())
    return replay.run(
        replay.Options(options.outcomes, options.train, pool, options.json)
    )


def _checks(options: argparse.Namespace) -> int:
    return checks.run(options.json, runs=options.runs, seed=options.seed)


def _contract(options: argparse.Namespace) -> int:
    wanted = contract.QUICK if options.quick else contract.Options()
    if options.requests:
        wanted = replace(wanted, requests=options.requests)
    return contract.run(replace(wanted, json_path=options.json))


def _tasks(options: argparse.Namespace) -> int:
    wanted = TaskOptions(is_quick=options.quick)
    return tasks(replace(wanted, data=options.data) if options.data else wanted)


_MEASURES = {
    "tasks": _tasks,
    "checks": _checks,
    "contract": _contract,
    "router": _router,
    "jobs": _jobs,
    "catalog": _catalog,
    "routing": _routing,
    "limits": _limits,
    "faults": _faults,
    "opportunities": _opportunities,
}


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="./run bench", description=__doc__)
    what = parser.add_subparsers(dest="what", required=True)
    _add_router(what.add_parser("router", help="the router beside a pass-through"))
    _add_jobs(what.add_parser("jobs", help="jobs, while everything is being broken"))
    more = what.add_parser("limits", help="limits and budgets over four processes")
    more.add_argument("--json", type=Path, metavar="FILE", help="write it all there")
    _add_faults(what.add_parser("faults", help="everything broken, one by one"))
    _add_catalog(what.add_parser("catalog", help="a full sync: seconds and memory"))
    scan = what.add_parser("opportunities", help="10,000 use cases looked at")
    scan.add_argument("--json", type=Path, metavar="FILE", help="write it all there")
    scan.add_argument("--quick", action="store_true", help="a tenth; not to quote")
    _add_contract(what.add_parser("contract", help="the API against its own schema"))
    _add_checks(what.add_parser("checks", help="what sanity checks say, simulated"))
    _add_routing(what.add_parser("routing", help="recorded outcomes, chosen again"))
    _add_tasks(what.add_parser("tasks", help="task detection on unseen sources"))
    return parser


def _add_checks(checks_: argparse.ArgumentParser) -> None:
    checks_.add_argument("--json", type=Path, metavar="FILE", help="write it all there")
    checks_.add_argument("--runs", type=int, default=checks.RUNS, metavar="N")
    checks_.add_argument("--seed", type=int, default=checks.SEED, metavar="N")


def _add_contract(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--quick", action="store_true", help="1,000 requests")
    parser.add_argument("--requests", type=int, metavar="N", help="so many at least")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write it all there")


def _add_routing(routing: argparse.ArgumentParser) -> None:
    add = routing.add_argument
    add("--outcomes", type=Path, required=True, metavar="FILE", help=".csv or .csv.gz")
    add("--train", type=Path, metavar="FILE", help="learn from this one instead")
    add("--pool", default="", metavar="M,…", help="these models alone (all)")
    add("--json", type=Path, metavar="FILE", help="write it all there")


def _add_faults(faults_: argparse.ArgumentParser) -> None:
    faults_.add_argument("--json", type=Path, metavar="FILE", help="write it all there")
    faults_.add_argument(
        "--quick", action="store_true", help="without limits and budgets (R15 to R18)"
    )
    faults_.add_argument(
        "--only",
        default="",
        choices=["", "provider", "leaving", "kill", "valkey", "pool", "postgres"],
        help="one group of cases",
    )


def _add_catalog(catalog_: argparse.ArgumentParser) -> None:
    catalog_.add_argument(
        "--json", type=Path, metavar="FILE", help="write it all there"
    )
    catalog_.add_argument("--quick", action="store_true", help="a tenth; not to quote")


def _add_tasks(tasks_: argparse.ArgumentParser) -> None:
    tasks_.add_argument("--data", type=Path, metavar="DIR", help="labelled prompts")
    tasks_.add_argument(
        "--quick", action="store_true", help="the shipped weights only, no fitting"
    )


def _add_router(router: argparse.ArgumentParser) -> None:
    router.add_argument(
        "--seconds",
        type=_seconds,
        default=SECONDS,
        help=f"per case and target ({SECONDS:g})",
    )
    router.add_argument("--json", type=Path, metavar="FILE", help="write it all there")
    router.add_argument(
        "--litellm", action="store_true", help="beside LiteLLM, in a scratch folder"
    )
    router.add_argument(
        "--soak", type=int, default=0, metavar="N", help="N requests more, for memory"
    )
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
