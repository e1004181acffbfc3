"""Every place that works across organizations, with its reason.

A new one fails here first, so that somebody else reads it.
"""

import ast
from collections.abc import Iterator
from typing import Final

from tests.fences.source import modules

REASONS: Final = {
    ("apps/savings/tasks.py", "switches under way are every organization's"),
    ("apps/savings/tasks.py", "savings are booked for every organization"),
    (
        "apps/savings/tasks.py",
        "a month's savings are told to every organization that has some",
    ),
    (
        "apps/checks/forgetting.py",
        "answers and sampled prompts of every organization grow old",
    ),
    (
        "apps/checks/tasks.py",
        "checks of every organization may be left behind",
    ),
    (
        "apps/alerts/digests.py",
        "a weekly digest is for the members of every organization",
    ),
    (
        "apps/alerts/mending.py",
        "alerts that were not handed on may be any organization's",
    ),
    ("apps/alerts/tasks.py", "rules to look at may be any organization's"),
    (
        "apps/opportunities/plan_alerts.py",
        "limits of plans are looked at for every organization",
    ),
    (
        "apps/opportunities/market_alerts.py",
        "what the market does concerns every organization that uses it",
    ),
    (
        "apps/opportunities/following.py",
        "a change of the catalog touches use cases of every organization",
    ),
    (
        "apps/opportunities/together.py",
        "a change of the catalog touches use cases of every organization",
    ),
    ("bench/opportunity_nights.py", "the bench counts what it stored"),
    (
        "apps/opportunities/tasks.py",
        "every organization's use cases are looked at each night",
    ),
    (
        "apps/catalog/quarantine.py",
        "an editor's decision about the catalog is no organization's",
    ),
    (
        "apps/catalog/approvals.py",
        "an editor's decision about the catalog is no organization's",
    ),
    (
        "apps/router/snapshot.py",
        "the router's snapshot holds every organization's policy",
    ),
    ("apps/accounts/admin_site.py", "the admin shows every organization"),
    ("apps/vault/rotation.py", "re-encryption wraps every organization's keys"),
    ("apps/privacy/erasing.py", "deletions that are due belong to every organization"),
    (
        "apps/privacy/erasing.py",
        "the certificate of a deleted organization has no scope",
    ),
    (
        "apps/privacy/erasing.py",
        "the reminders go to members of every organization",
    ),
    (
        "apps/privacy/exporting.py",
        "expired archives of every organization are removed",
    ),
    (
        "apps/privacy/exporting.py",
        "the export job builds every organization's archives",
    ),
    (
        "apps/privacy/retention.py",
        "the longest retention decides when a month may go",
    ),
    (
        "apps/router/tasks.py",
        "the experiments that run are every organization's",
    ),
    ("apps/router/tasks.py", "a budget nearly spent may be any organization's"),
    ("apps/router/tasks.py", "a partition holds every organization's rows"),
    (
        "apps/router/tasks.py",
        "responses whose time is over are any organization's",
    ),
    ("apps/router/tasks.py", "the roll-up sums every organization's ledger"),
    (
        "apps/router/tasks.py",
        "the vectors that are too old may be any organization's",
    ),
    (
        "apps/router/management/commands/judge_learning.py",
        "every organization that learns is judged",
    ),
    ("apps/router/tasks.py", "which models are in use, never by whom"),
    ("bench/prepare.py", "every organization of a bench gets a budget"),
}

# Modules that name another login than the web's: `using="jobs"`, `connections["jobs"]`.
OTHER_LOGINS: Final = {
    ("apps/savings/ledger.py", "jobs"),
    ("apps/opportunities/speeds.py", "jobs"),
    ("apps/router/measured.py", "jobs"),
    ("apps/jobs/bites.py", "jobs"),
    ("apps/jobs/delivery.py", "jobs"),
    ("apps/jobs/dispatch.py", "jobs"),
    ("apps/jobs/management/commands/jobs.py", "jobs"),
    ("apps/jobs/presence.py", "jobs"),
    ("apps/jobs/pruning.py", "jobs"),
    ("apps/jobs/rows.py", "jobs"),
    ("apps/jobs/watch.py", "jobs"),
    ("apps/privacy/erasing.py", "jobs"),
    ("apps/privacy/retention.py", "jobs"),
    ("apps/privacy/sweep.py", "jobs"),
    ("apps/router/budget_queries.py", "jobs"),
    ("apps/router/health_store.py", "jobs"),
    ("apps/router/management/commands/enable_semantic_cache.py", "owner"),
    ("apps/router/measuring.py", "jobs"),
    ("apps/router/retention.py", "jobs"),
    ("apps/router/rollups.py", "jobs"),
    ("apps/router/snapshot.py", "jobs"),
    ("apps/tenancy/models.py", "jobs"),
    ("bench/opportunity_nights.py", "owner"),
    ("bench/torture/tasks.py", "jobs"),
    ("bench/torture/worker.py", "jobs"),
}

# Acts of one person that concern two organizations: founding, joining, closing an
# account. Whoever adds one has made sure that the person may.
ELSEWHERE: Final = {
    "apps/accounts/invitation_services.py",
    "apps/accounts/services.py",
    "apps/privacy/account.py",
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


def test_every_act_in_another_organization_is_listed() -> None:
    found = {
        path
        for path, node in _nodes()
        if isinstance(node, ast.Call) and _name(node) == "elsewhere"
    }

    assert found == ELSEWHERE


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
