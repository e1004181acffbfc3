"""Who serves behind OpenRouter: `GET /providers`, and the policies its site shows."""

from collections.abc import Iterator
from typing import Any, Final

from apps.catalog.sources.base import ProviderFact, rows_of
from apps.catalog.sources.openrouter_names import provider_slug

_PLAIN: Final = {
    "headquarters": "headquarters",
    "datacenters": "datacenters",
    "privacy_policy_url": "privacy_url",
    "terms_of_service_url": "terms_url",
    "status_page_url": "status_url",
}
_SITE: Final = {
    "headquarters": "headquarters",
    "datacenters": "datacenters",
    "statusPageUrl": "status_url",
}
_POLICY: Final = {
    "training": "trains_on_prompts",
    "retainsPrompts": "retains_prompts",
    "retentionDays": "retention_days",
    "canPublish": "may_publish_prompts",
    "requiresUserIDs": "needs_user_ids",
    "privacyPolicyURL": "privacy_url",
    "termsOfServiceURL": "terms_url",
}


def read_providers(body: Any) -> Iterator[ProviderFact]:
    for row in rows_of(body):
        yield _fact(row, _said(row, _PLAIN))


def read_policies(body: Any) -> Iterator[ProviderFact]:
    """The same with what each does with prompts, from the site's own list."""
    for row in rows_of(body):
        policy = row.get("dataPolicy")
        facts = _said(row, _SITE)
        if isinstance(policy, dict):
            facts |= _said(policy, _POLICY)
        yield _fact(row, facts)


def _fact(row: dict[str, Any], facts: dict[str, object]) -> ProviderFact:
    name = str(row.get("displayName") or row.get("name") or row["slug"])
    return ProviderFact(provider_slug(str(row["slug"])), name, facts)


def _said(row: dict[str, Any], names: dict[str, str]) -> dict[str, object]:
    """Our field for each of theirs that says something; an empty list says nothing."""
    return {
        ours: row[theirs]
        for theirs, ours in names.items()
        if row.get(theirs) is not None and row[theirs] not in ("", [])
    }
