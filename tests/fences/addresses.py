"""Every address of the product: who may use it, and whose object it names.

A new address fails the fence until it stands here.
"""

from typing import Final

from tests.fences.alerts_addresses import ALERTS_RULES
from tests.fences.alias_addresses import ALIAS_RULES
from tests.fences.checks_addresses import CHECKS_RULES
from tests.fences.opportunities_addresses import OPPORTUNITIES_RULES
from tests.fences.portfolio_addresses import PORTFOLIO_API_RULES, PORTFOLIO_RULES
from tests.fences.rules import (
    ANYONE,
    KEYS,
    LEADERS,
    MEMBERS,
    OWNERS,
    PEOPLE,
    WORKERS,
    Rule,
)
from tests.fences.savings_addresses import SAVINGS_RULES
from tests.fences.usage_addresses import USAGE_RULES
from tests.fences.web_addresses import WEB_RULES

__all__ = ["MEMBERS", "NOT_OURS", "PEOPLE", "RULES", "SAMPLES", "Rule"]


# allauth's pages concern a person's own account and hold no tenant's row; the other
# answers whatever else is asked for below /v1/ with a 404 in JSON. The admin is for
# staff, who are no role: tests/accounts/test_staff_gate.py walks its addresses. So are
# the jobs: tests/web/test_jobs_page.py does.
NOT_OURS: Final = ("accounts/", "admin/", "jobs/", "v1/^")

SAMPLES: Final = {
    "slug": "nobody/no-model",
    "token": "no-such-token",
    "name": "no-mail",
    "act": "start",
    "action": "off",
    "run_id": "no-run",
    "model": "nobody/no-model",
}

NEW_KEY: Final = {"name": "CI", "kind": "live", "expires_in": "", "scopes": ["chat"]}

KEY_LIMITS: Final = frozenset(
    {
        "expires_at",
        "allowed_models",
        "allowed_ips",
        "requests_per_minute",
        "tokens_per_minute",
        "tags",
    }
)

NO_REQUEST: Final = "01993f00-0000-7000-8000-000000000000"
PROVIDER_KEY: Final = "sk-own-0123456789abcdef"
NEW_PROVIDER_KEY: Final = {"provider": "openai", "name": "CI", "key": PROVIDER_KEY}

PRIVACY: Final = {"stores_prompts": "on", "retention_days": "7", "redacts": ["email"]}

CHAT: Final = {"messages": [{"role": "user", "content": "Hi"}]}

RULES: Final[dict[str, list[Rule]]] = {
    **ALERTS_RULES,
    **ALIAS_RULES,
    **CHECKS_RULES,
    **OPPORTUNITIES_RULES,
    **PORTFOLIO_RULES,
    **PORTFOLIO_API_RULES,
    **SAVINGS_RULES,
    **USAGE_RULES,
    **WEB_RULES,
    "dashboard/": [Rule(MEMBERS)],
    "search/": [Rule(MEMBERS)],
    "requests/": [Rule(MEMBERS)],
    "requests/<uuid:code>/": [Rule(MEMBERS, names="request")],
    "playground/": [Rule(WORKERS)],
    "playground/run/": [Rule(WORKERS, "post", {"prompt": "Hi"})],
    "v1/chat": [Rule(KEYS, "post", CHAT)],
    "v1/chat/completions": [Rule(KEYS, "post", {"model": "auto", **CHAT})],
    "v1/messages": [Rule(KEYS, "post", {"max_tokens": 9, **CHAT})],
    "v1/messages/count_tokens": [Rule(KEYS, "post", CHAT)],
    "v1/responses": [Rule(KEYS, "post", {"input": "Hi"})],
    "v1/responses/<str:response_id>": [
        Rule(KEYS, names="stored_response"),
        Rule(KEYS, "delete", names="stored_response"),
    ],
    "v1/responses/<str:response_id>/input_items": [Rule(KEYS, names="stored_response")],
    "v1/embeddings": [Rule(KEYS, "post", {"input": "Hi", "model": "small"})],
    "v1/models": [Rule(KEYS)],
    "v1/models/<path:model>": [Rule(KEYS)],
    "v1/usage": [Rule(KEYS)],
    "v1/feedback": [Rule(KEYS, "post", {"request_id": NO_REQUEST, "rating": "up"})],
    "v1/router/learning": [Rule(KEYS)],
    "v1/router/debug": [Rule(KEYS, "post", CHAT)],
    "keys/": [Rule(MEMBERS), Rule(WORKERS, "post", NEW_KEY, accepts=KEY_LIMITS)],
    "keys/<uuid:key_id>/": [
        Rule(MEMBERS, names="key"),
        Rule(
            WORKERS,
            "post",
            {"name": "CI", "scopes": ["chat"]},
            names="key",
            accepts=KEY_LIMITS,
        ),
    ],
    "keys/<uuid:key_id>/revoke/": [Rule(WORKERS, "post", names="key")],
    "keys/<uuid:key_id>/rotate/": [
        Rule(WORKERS, "post", {"overlap_hours": "24"}, names="key")
    ],
    "budgets/": [
        Rule(MEMBERS),
        Rule(LEADERS, "post", {"key_id": "", "period": "day", "limit_usd": "5"}),
    ],
    "budgets/limits/": [
        Rule(LEADERS, "post", {"requests_per_minute": "5", "tokens_per_minute": ""})
    ],
    "budgets/<uuid:budget_id>/": [
        Rule(LEADERS, "post", {"limit_usd": "7"}, names="budget")
    ],
    "budgets/<uuid:budget_id>/delete/": [Rule(LEADERS, "post", {}, names="budget")],
    "settings/security/": [Rule(PEOPLE), Rule(PEOPLE, "post", {"name": "Other"})],
    "settings/sso/": [Rule(LEADERS)],
    "settings/sso/oidc/": [Rule(LEADERS, "post", {"issuer": "https://x.invalid"})],
    "settings/sso/saml/": [Rule(LEADERS, "post", {"metadata": "<x/>"})],
    "settings/sso/remove/": [Rule(LEADERS, "post", {})],
    "settings/sso/enforce/": [Rule(LEADERS, "post", {"enforce": "on"})],
    "settings/sso/domains/": [Rule(LEADERS, "post", {"name": "acme.test"})],
    "settings/sso/domains/<uuid:domain_id>/verify/": [
        Rule(LEADERS, "post", {}, names="sso_domain")
    ],
    "settings/sso/domains/<uuid:domain_id>/remove/": [
        Rule(LEADERS, "post", {}, names="sso_domain")
    ],
    "organization/": [
        Rule(MEMBERS),
        Rule(LEADERS, "post", {"name": "Acme (new)"}),
    ],
    "organization/choose/": [Rule(PEOPLE, "post", {"org": "x"})],
    "organization/new/": [Rule(PEOPLE), Rule(PEOPLE, "post", {"name": "Another"})],
    "organization/leave/": [Rule(MEMBERS), Rule(MEMBERS, "post", {})],
    "organization/members/": [Rule(MEMBERS)],
    "organization/members/invite/": [
        Rule(LEADERS, "post", {"email": "new@example.com", "role": "member"})
    ],
    "organization/members/<uuid:member_id>/role/": [
        Rule(LEADERS, "post", {"role": "member"}, names="member")
    ],
    "organization/members/<uuid:member_id>/remove/": [
        Rule(LEADERS, names="member"),
        Rule(LEADERS, "post", {}, names="member", accepts=frozenset({"revoke_keys"})),
    ],
    "organization/members/<uuid:member_id>/transfer/": [
        Rule(OWNERS, names="member"),
        Rule(OWNERS, "post", {}, names="member"),
    ],
    "organization/invitations/<uuid:invitation_id>/resend/": [
        Rule(LEADERS, "post", {}, names="invitation")
    ],
    "organization/invitations/<uuid:invitation_id>/revoke/": [
        Rule(LEADERS, "post", {}, names="invitation")
    ],
    "organization/audit/": [Rule(LEADERS)],
    "organization/audit.csv": [Rule(LEADERS)],
    "organization/audit.jsonl": [Rule(LEADERS)],
    "invitations/<str:token>/": [Rule(ANYONE), Rule(ANYONE, "post", {})],
    "dev/mail/": [Rule(ANYONE)],
    "dev/mail/<slug:name>/": [Rule(ANYONE)],
    "dev/mail/<slug:name>/html/": [Rule(ANYONE)],
    "mail/unsubscribe/<str:token>/": [Rule(ANYONE), Rule(ANYONE, "post", {})],
    "organization/privacy/": [
        Rule(MEMBERS),
        Rule(LEADERS, "post", PRIVACY, accepts=frozenset({"deletes_stored"})),
    ],
    "organization/privacy/exports/": [Rule(LEADERS)],
    "organization/privacy/export/": [Rule(LEADERS, "post", {})],
    "exports/<str:token>/": [Rule(PEOPLE)],
    "organization/delete/": [Rule(OWNERS), Rule(OWNERS, "post", {"name": "Acme"})],
    "organization/delete/undo/": [Rule(OWNERS, "post", {})],
    "account/delete/": [
        Rule(PEOPLE),
        Rule(PEOPLE, "post", {"email": "x@example.com"}),
    ],
    "api/v1/privacy": [
        Rule(MEMBERS | {"privacy:manage"}),
        Rule(
            LEADERS | {"privacy:manage"},
            "patch",
            {"retention_days": 7},
            accepts=frozenset({"stores_prompts", "redacts", "deletes_stored"}),
        ),
    ],
    "api/v1/privacy/exports": [
        Rule(LEADERS | {"privacy:manage"}),
        Rule(LEADERS | {"privacy:manage"}, "post", {}),
    ],
    "api/v1/privacy/exports/<uuid:export_id>": [
        Rule(LEADERS | {"privacy:manage"}, names="export")
    ],
    "api/v1/privacy/deletion": [
        Rule(MEMBERS),
        Rule(OWNERS, "post", {"name": "Acme"}),
        Rule(OWNERS, "delete"),
    ],
    "api/v1/keys": [
        Rule(MEMBERS | {"keys:manage"}),
        Rule(
            WORKERS | {"keys:manage"},
            "post",
            {"name": "CI", "scopes": ["chat"]},
            accepts=KEY_LIMITS | {"is_test"},
        ),
    ],
    "api/v1/keys/<uuid:key_id>": [
        Rule(MEMBERS | {"keys:manage"}, names="key"),
        Rule(
            WORKERS | {"keys:manage"},
            "patch",
            {"name": "Other"},
            names="key",
            accepts=KEY_LIMITS | {"scopes"},
        ),
        Rule(WORKERS | {"keys:manage"}, "delete", names="key"),
    ],
    "api/v1/keys/<uuid:key_id>/rotate": [
        Rule(WORKERS | {"keys:manage"}, "post", {"overlap_hours": 1}, names="key")
    ],
    # Open to all, and believed only with the reporter's signature.
    "api/v1/secret-scanning/github": [Rule(ANYONE, "post", {})],
    "api/v1/budgets": [
        Rule(MEMBERS | {"budgets:manage"}),
        Rule(
            LEADERS | {"budgets:manage"},
            "post",
            {"period": "day", "limit_usd": "5"},
            accepts=frozenset({"key_id", "alias_id"}),
        ),
    ],
    "api/v1/budgets/<uuid:budget_id>": [
        Rule(MEMBERS | {"budgets:manage"}, names="budget"),
        Rule(
            LEADERS | {"budgets:manage"},
            "patch",
            {"limit_usd": "7"},
            names="budget",
        ),
        Rule(LEADERS | {"budgets:manage"}, "delete", names="budget"),
    ],
    "router/cache/": [Rule(MEMBERS)],
    "router/cache/clear/": [Rule(LEADERS, "post", {"alias": "uc/none"})],
    "router/cache/keys/<uuid:key_id>/": [
        Rule(LEADERS, "post", {"ttl_s": "60"}, names="key")
    ],
    "router/experiments/": [Rule(MEMBERS)],
    "router/experiments/new/": [
        Rule(LEADERS),
        Rule(LEADERS, "post", {"name": "Another", "model": "nobody/no-model"}),
    ],
    "router/experiments/<uuid:experiment_id>/": [Rule(MEMBERS, names="experiment")],
    "router/experiments/<uuid:experiment_id>/<slug:act>/": [
        Rule(LEADERS, "post", {}, names="experiment")
    ],
    "api/v1/cache": [
        Rule(MEMBERS | {"aliases:manage"}),
        Rule(LEADERS | {"aliases:manage"}, "delete"),
    ],
    "api/v1/experiments": [
        Rule(MEMBERS | {"aliases:manage"}),
        Rule(
            LEADERS | {"aliases:manage"},
            "post",
            {"name": "Another", "kind": "ab", "model": "nobody/no-model"},
        ),
    ],
    "api/v1/experiments/<uuid:experiment_id>": [
        Rule(MEMBERS | {"aliases:manage"}, names="experiment"),
        Rule(LEADERS | {"aliases:manage"}, "delete", names="experiment"),
    ],
    "api/v1/experiments/<uuid:experiment_id>/<slug:act>": [
        Rule(LEADERS | {"aliases:manage"}, "post", {}, names="experiment")
    ],
    "api/v1/limits": [
        Rule(MEMBERS | {"budgets:manage"}),
        Rule(
            LEADERS | {"budgets:manage"},
            "patch",
            {"requests_per_minute": 5},
            accepts=frozenset({"tokens_per_minute"}),
        ),
    ],
    "api/v1/organization": [
        Rule(MEMBERS | {"members:manage"}),
        Rule(LEADERS | {"members:manage"}, "patch", {"name": "Acme (new)"}),
    ],
    "api/v1/organization/transfer": [
        Rule(OWNERS, "post", {"member_id": "0190aaaa-0000-7000-8000-000000000000"})
    ],
    "api/v1/organization/leave": [Rule(MEMBERS, "post", {})],
    "api/v1/members": [Rule(MEMBERS | {"members:manage"})],
    "api/v1/members/<uuid:member_id>": [
        Rule(LEADERS | {"members:manage"}, "patch", {"role": "member"}, names="member"),
        Rule(LEADERS | {"members:manage"}, "delete", names="member"),
    ],
    "api/v1/invitations": [
        Rule(LEADERS | {"members:manage"}),
        Rule(LEADERS | {"members:manage"}, "post", {"email": "new@example.com"}),
    ],
    "api/v1/invitations/<uuid:invitation_id>": [
        Rule(LEADERS | {"members:manage"}, "delete", names="invitation")
    ],
    "api/v1/invitations/<uuid:invitation_id>/resend": [
        Rule(LEADERS | {"members:manage"}, "post", {}, names="invitation")
    ],
    "api/v1/audit": [Rule(LEADERS | {"audit:read"})],
    "api/v1/audit.csv": [Rule(LEADERS | {"audit:read"})],
    "api/v1/audit.jsonl": [Rule(LEADERS | {"audit:read"})],
    "provider-keys/": [Rule(MEMBERS), Rule(LEADERS, "post", NEW_PROVIDER_KEY)],
    "provider-keys/order/": [
        Rule(LEADERS, "post", {"provider": "openai", "order": "own_only"})
    ],
    "provider-keys/<uuid:key_id>/change/": [
        Rule(LEADERS, "post", {"action": "disable"}, names="provider_key")
    ],
    "provider-keys/<uuid:key_id>/replace/": [
        Rule(LEADERS, "post", {"key": PROVIDER_KEY}, names="provider_key")
    ],
    "provider-keys/<uuid:key_id>/test/": [
        Rule(LEADERS, "post", {}, names="provider_key")
    ],
    "provider-keys/<uuid:key_id>/delete/": [
        Rule(LEADERS, "post", {}, names="provider_key")
    ],
    "api/v1/provider-keys": [
        Rule(MEMBERS | {"provider_keys:manage"}),
        Rule(LEADERS | {"provider_keys:manage"}, "post", NEW_PROVIDER_KEY),
    ],
    "api/v1/provider-keys/<uuid:key_id>": [
        Rule(
            LEADERS | {"provider_keys:manage"},
            "patch",
            {"name": "Staging"},
            names="provider_key",
            accepts=frozenset({"is_enabled", "position", "key"}),
        ),
        Rule(LEADERS | {"provider_keys:manage"}, "delete", names="provider_key"),
    ],
    "api/v1/provider-keys/<uuid:key_id>/test": [
        Rule(LEADERS | {"provider_keys:manage"}, "post", {}, names="provider_key")
    ],
    "api/v1/provider-preferences/<slug:provider>": [
        Rule(LEADERS | {"provider_keys:manage"}, "put", {"order": "own_only"})
    ],
    "api/schema/": [Rule(ANYONE)],
    "docs/api/": [Rule(ANYONE)],
    "models/": [Rule(ANYONE)],
    "models/<path:slug>/": [Rule(ANYONE)],
    "compare/": [Rule(ANYONE)],
    "changes/": [Rule(ANYONE)],
    "changes/feed.rss": [Rule(ANYONE)],
    "changes/feed.json": [Rule(ANYONE)],
    "deprecations/": [Rule(ANYONE)],
    "deprecations.ics": [Rule(ANYONE)],
    "providers/": [Rule(ANYONE)],
    "providers/<slug:name>/": [Rule(ANYONE)],
    "sitemap.xml": [Rule(ANYONE)],
    "api/v1/catalog/models": [Rule(ANYONE)],
    "api/v1/catalog/offers": [Rule(ANYONE)],
    "api/v1/catalog/changes": [Rule(ANYONE)],
}
