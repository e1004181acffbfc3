"""The gates every change passes, in the order of the house rules."""

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from config.launcher.environment import ROOT

BIN = Path(sys.executable).parent
# What `check --deploy` has to find: an installation as it is put on the internet.
DEPLOYED = {
    "DEBUG": "false",
    "SITE_URL": "https://modeloptix.example",
    "ALLOWED_HOSTS": "modeloptix.example",
    "EMAIL_URL": "smtp://mail.modeloptix.example:587",
}
TARGET_DJANGO = "6.1"


@dataclass(frozen=True)
class Gate:
    """One command that must end with 0."""

    name: str
    command: list[str]
    environment: Mapping[str, str] = field(default_factory=dict)


def gates(arguments: Sequence[str] = ()) -> list[Gate]:
    """Every gate but the tests, or those whose name holds one of the words."""
    found = [*_style(), *_templates(), *_types(), *_django()]
    return [
        gate
        for gate in found
        if not arguments or any(word in gate.name for word in arguments)
    ]


def _style() -> list[Gate]:
    return [
        Gate("ruff format", [_tool("ruff"), "format", "--check", "."]),
        Gate("ruff check", [_tool("ruff"), "check", "."]),
    ]


def _templates() -> list[Gate]:
    files = [str(path) for path in sorted((ROOT / "templates").rglob("*.html"))]
    if not files:
        return []
    target = ["--target-version", TARGET_DJANGO]
    return [
        Gate("djade", [_tool("djade"), "--check", *target, *files]),
        Gate("djlint", [_tool("djlint"), "--lint", "--quiet", "templates"]),
    ]


def _types() -> list[Gate]:
    return [
        Gate("mypy", [_tool("mypy")]),
        Gate("lint-imports", [_tool("lint-imports")]),
    ]


def _django() -> list[Gate]:
    manage = [sys.executable, "manage.py"]
    deploy = [*manage, "check", "--deploy", "--fail-level", "WARNING"]
    return [
        Gate("check --deploy", deploy, DEPLOYED),
        Gate("makemigrations", [*manage, "makemigrations", "--check", "--dry-run"]),
    ]


def _tool(name: str) -> str:
    return str(BIN / name)
