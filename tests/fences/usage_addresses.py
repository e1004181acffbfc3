"""The addresses of usage, requests, agent runs, and providers' bills."""

from typing import Final

from tests.fences.rules import KEYS, LEADERS, MEMBERS, Rule

INVOICE: Final = "usage_date_utc,model,cost_usd\n2026-11-01,claude,1.25\n"
STEP: Final = {"messages": [{"role": "user", "content": "Hi"}]}

USAGE_RULES: Final[dict[str, list[Rule]]] = {
    "router/usage/": [Rule(MEMBERS)],
    "router/usage.csv": [Rule(MEMBERS)],
    "router/runs/": [Rule(MEMBERS)],
    "router/runs/<str:run_id>/": [Rule(MEMBERS)],
    "router/health/": [Rule(MEMBERS)],
    "router/connect/": [Rule(MEMBERS)],
    "router/reconcile/": [Rule(MEMBERS), Rule(LEADERS, "post", {"provider": "x"})],
    "router/reconcile/<uuid:invoice_id>/": [Rule(MEMBERS, names="invoice")],
    "router/reconcile/<uuid:invoice_id>/report.csv": [Rule(MEMBERS, names="invoice")],
    "router/reconcile/<uuid:invoice_id>/keep/": [
        Rule(LEADERS, "post", {}, names="invoice")
    ],
    "router/reconcile/<uuid:invoice_id>/again/": [
        Rule(LEADERS, "post", {}, names="invoice")
    ],
    "router/reconcile/<uuid:invoice_id>/delete/": [
        Rule(LEADERS, "post", {}, names="invoice")
    ],
    "v1/agent-step": [Rule(KEYS, "post", STEP)],
    "v1/requests": [Rule(KEYS)],
    "v1/requests/<uuid:request_id>": [Rule(KEYS, names="request")],
    "v1/generation": [Rule(KEYS)],
    "v1/agent-runs": [Rule(KEYS)],
    "v1/agent-runs/<str:run_id>": [Rule(KEYS)],
    "api/v1/invoices": [
        Rule(MEMBERS | {"budgets:manage"}),
        Rule(
            LEADERS | {"budgets:manage"},
            "post",
            {"provider": "openai", "csv": INVOICE},
            accepts=frozenset({"file_name", "keys", "columns", "keep"}),
        ),
    ],
    "api/v1/invoices/<uuid:invoice_id>": [
        Rule(MEMBERS | {"budgets:manage"}, names="invoice"),
        Rule(LEADERS | {"budgets:manage"}, "delete", names="invoice"),
    ],
}
