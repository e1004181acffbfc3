"""Every place that works across organizations, with its reason.

A new one fails here first, so that somebody else reads it.
"""

import ast
from collections.abc import Iterator
from typing import Final

from tests.fences.source import modules

REASONS: Final = {
    (
        "apps/router/snapshot.py",
        "the router's snapshot holds every organization's policy",
    ),
    ("apps/router/tasks.py", "a partition holds every organization's rows"),
    ("apps/router/tasks.py", "the roll-up sums every organization's ledger"),
}

# Modules that name another login than the web's: `using="jobs"`, `connections["jobs"]`.
OTHER_LOGINS: Final = {
    ("apps/router/rollups.py", "jobs"),
    ("apps/router/snapshot.py", "jobs"),
    ("apps/tenancy/models.py", "jobs"),
}


def _nodes() -> Iterator[tuple[str, ast.AST]]:
    for path, module in modules().items():
        yield from ((path, node) for node in ast.walk(module))


def test_every_reason_is_listed() -> None:
    found = {
        (path, _reason(node))
        for path, node in _nodes()
        if isinstance(node, ast.Call) and _name(node) == "unscoped"
    }

    assert found == REASONS


def test_every_use_of_another_login_is_listed() -> None:
    named = {(path, _alias(node)) for path, node in _nodes()}

    assert {pair for pair in named if pair[1]} == OTHER_LOGINS


def _name(call: ast.Call) -> str:
    return str(getattr(call.func, "id", getattr(call.func, "attr", "")))


def _reason(call: ast.Call) -> str:
    (reason,) = call.args
    assert isinstance(reason, ast.Constant), "the reason is a literal text"
    return str(reason.value)


def _alias(node: ast.AST) -> str:
    """The login that a `using=` or a `connections[…]` names, unless it is the web's."""
    value: ast.AST | None = None
    if isinstance(node, ast.keyword) and node.arg == "using":
        value = node.value
    elif isinstance(node, ast.Subscript) and ast.unparse(node.value) == "connections":
        value = node.slice
    alias = value.value if isinstance(value, ast.Constant) else ""
    return alias if alias in {"jobs", "ledger", "owner"} else ""
