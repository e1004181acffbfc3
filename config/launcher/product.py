"""`./run` itself: everything up, told where it is, kept up until Ctrl-C."""

import contextlib
import json
import shutil
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from config.launcher import hold, homes
from config.launcher.console import Console
from config.launcher.environment import ROOT, inherited
from config.launcher.hold import Record
from config.launcher.plan import Options, Plan, job_services, make_plan, web_service
from config.launcher.problems import LaunchError, require_port, require_space
from config.launcher.stack import Stack
from config.launcher.supervisor import Supervisor

WEB_READY_S = 60.0
PROMPT = "Say hello in one short sentence."


def data_folder() -> Path:
    """The folder of this checkout's data, wherever the environment puts it."""
    given = inherited().get("MODELOPTIX_DATA_DIR")
    return Path(given).expanduser().resolve() if given else ROOT / ".modeloptix"


def require_lock(data: Path) -> int:
    """Lock the data folder, or say who has it."""
    lock = hold.take(data)
    if lock is None:
        holder = hold.living_holder(data)
        raise LaunchError(_taken(holder) if holder else "another ./run just ended")
    return lock


def _taken(holder: Record) -> str:
    pid = holder.holder.pid
    if holder.mode == "run":
        return f"another ./run is alive at {holder.url} (pid {pid})"
    return f"./run {holder.mode} is using the data (pid {pid}); end it first"


@contextlib.contextmanager
def opened(
    data: Path, plan: Plan, *, mode: str, lock: int, console: Console
) -> Iterator[Stack]:
    """A stack on a locked data folder, recorded so that a later start can clear up."""
    url = plan.environment["SITE_URL"]
    record = hold.own_record(mode, url=url, local_model_url=plan.local_model_url)
    logs = data / "logs"
    with Supervisor(console, logs=logs, lock=lock, doomed=plan.doomed) as supervisor:
        supervisor.on_change = lambda processes: record.save(data, processes)
        record.save(data, [])
        yield Stack(plan, supervisor, console)


def run(options: Options) -> None:
    began = time.monotonic()
    data = data_folder()
    homes.open_data(data)
    lock = require_lock(data)
    require_space(data)
    require_port(options.host, options.port)
    homes.forget_abandoned()
    plan = make_plan(data, options)
    console = Console()
    with opened(data, plan, mode="run", lock=lock, console=console) as stack:
        _start(stack)
        _announce(stack, time.monotonic() - began)
        stack.supervisor.watch()
        console.line("  stopping ...")
    console.line("  stopped")


def _start(stack: Stack) -> None:
    has_model = stack.start_model()
    stack.start_data()
    stack.prepare()
    stack.start(web_service(stack.plan), seconds=WEB_READY_S)
    # Two more starts of Django would only delay the first answer.
    for service in job_services(stack.plan):
        stack.supervisor.start(service)
    if has_model:
        stack.await_model()


def _announce(stack: Stack, took_s: float) -> None:
    demo = json.loads(stack.plan.demo.read_text())
    body = json.dumps({"messages": [{"role": "user", "content": PROMPT}]})
    text = f"""
  ModelOptix is running at {demo["url"]}  (started in {took_s:.1f} s)

    sign in       {demo["email"]}  {demo["password"]}
    ask a model   curl -s {demo["url"]}/v1/chat \\
                    -H 'Authorization: Bearer {demo["test_key"]}' \\
                    -H 'Content-Type: application/json' \\
                    -d '{body}'
    stop          Ctrl-C      (login and keys again: {stack.plan.demo})
"""
    stack.console.line(text)
    if (
        not stack.plan.local_model_url
        and "LOCAL_MODEL_URL" not in stack.plan.environment
    ):
        stack.console.line("  Without the local model an echo answers test keys.\n")
    if stack.plan.options.host not in {"127.0.0.1", "localhost", "::1"}:
        stack.console.line(
            "  DEBUG pages show details of failures: DEBUG=false hides them.\n"
        )


def reset(*, is_sure: bool) -> None:
    """Delete everything this checkout has stored."""
    data = data_folder()
    if not data.exists():
        return
    homes.open_data(data)
    if not is_sure:
        _ask(data)
    lock = require_lock(data)
    outside = (data / "postgres").resolve()
    for item in data.iterdir():
        if item.name == "lock":
            continue
        shutil.rmtree(
            item
        ) if item.is_dir() and not item.is_symlink() else item.unlink()
    shutil.rmtree(outside, ignore_errors=True)
    hold.release(lock)
    print(f"  {data} is empty again", flush=True)


def _ask(data: Path) -> None:
    if not sys.stdin.isatty():
        raise LaunchError("--reset deletes all data: add --yes to confirm")
    answer = input(f"Delete all data in {data}? Type yes: ")
    if answer.strip().lower() != "yes":
        raise LaunchError("nothing was deleted")
