"""Every table is tenant-protected or listed here with the reason why not.

A table that somebody adds fails until it is one or the other, and so does any drift:
security switched off, an owner among the serving logins, a policy opened to another
login, a key that leads out of the organization.
"""

from typing import Any, Final

import pytest
from django.conf import settings
from django.db import connections

from tests.fences.alerts_policies import ALERTS_POLICIES

pytestmark = pytest.mark.django_db(transaction=True)

# Tables of nobody in particular. Whoever adds one says why it holds no tenant's row.
OPEN_TABLES: Final = {
    "account_emailaddress": "a person's addresses; people belong to several tenants",
    "account_emailconfirmation": "confirmations of a person's addresses",
    "accounts_plan": "what plans cost and hold, the same for everybody",
    "accounts_staff": "who runs the installation; only the owner writes it",
    "accounts_user": "people; they belong to several tenants",
    "audit_operatorentry": "the operator's own log, of what is nobody's",
    "alert_watermarks": "up to where the catalog's changes were read, for everybody",
    "auth_group": "Django's own, unused",
    "auth_group_permissions": "Django's own, unused",
    "auth_permission": "Django's own, made by migrations",
    "catalog_aimodel": "public facts about models",
    "catalog_headline": "public: what the list of models shows of each",
    "catalog_modelalias": "public: sources' own ids of models",
    "catalog_modelchange": "public: what changed in the catalog",
    "catalog_offer": "public facts about offers",
    "catalog_offerhealth": "public measurements of offers",
    "catalog_offerparameter": "public: which parameters an offer takes",
    "catalog_pendingchange": "prices that wait for an editor",
    "catalog_price": "public facts about prices",
    "catalog_provider": "public facts about providers",
    "catalog_seedload": "which seed file was loaded, and when",
    "catalog_sourcefetch": "what was fetched from public sources",
    "catalog_taskscore": "of the release before; goes with the next",
    "catalog_benchmark": "public benchmarks",
    "catalog_editorialoverride": "editors' judgement of public models",
    "catalog_modelquality": "computed from public benchmark results",
    "catalog_score": "public benchmark results",
    "catalog_trustfact": "public facts about companies",
    "catalog_trustoverride": "editors' judgement of public companies",
    "catalog_trustscore": "computed from public facts",
    "catalog_usedmodel": "models in use by anybody; it says not by whom",
    "django_admin_log": "Django's own, unused: the audit log has what staff do",
    "django_content_type": "Django's own, made by migrations",
    "django_migrations": "Django's own, only the owner writes it",
    "job_heartbeats": "when each running job was last heard of",
    "job_incidents": "what staff were told about jobs",
    "job_presences": "when worker and beat were last seen",
    "job_runs": "runs of jobs; errors are stored without secrets",
    "mail_optout": "which notifications a person refuses, in all organizations",
    "privacy_erasure": "ids of organizations that are no more, and what went with them",
    "mfa_authenticator": "a person's second factors, their secrets sealed",
    "usersessions_usersession": "a person's sessions, as one's own page lists them",
    "router_ledger_horizon": "up to which month the ledger was dropped, for everybody",
    "router_offerincident": "when an offer failed, whoever asked",
    "router_offerspan": "how quick and how sound offers were, over all organizations",
    "web_waitlistentry": "addresses of people who have no account yet",
    "opportunities_marketmark": "how far the market's changes were followed",
    "outbox_messages": "the web may add to it and read nothing of it",
    "django_session": "sessions of people, found by a secret key only",
    "socialaccount_socialaccount": "a person's accounts at Google and GitHub",
    "socialaccount_socialapp": "unused: the applications are settings",
    "socialaccount_socialtoken": "unused: no token is stored",
}

# What logins other than the web's may do with tenant tables, by named policies.
JOBS_ALL: Final = {"jobs_delete", "jobs_insert", "jobs_select", "jobs_update"}
OPEN_POLICIES: Final[dict[str, set[str]]] = {
    "accounts_membership": {"jobs_select"},
    "accounts_organization": {"jobs_select"},
    "accounts_organizationplan": JOBS_ALL,
    **ALERTS_POLICIES,
    "audit_auditentry": {"jobs_insert", "jobs_select"},
    "checks_check": {"jobs_select"},
    "checks_promptset": {"jobs_select"},
    "opportunities_opportunity": {"jobs_select"},
    "privacy_deletion": {"jobs_select"},
    "privacy_export": {"jobs_select"},
    "privacy_privacysettings": {"jobs_select"},
    "privacy_stored_exchange": {"jobs_delete", "jobs_select"},
    "router_alias": {"jobs_select"},
    "router_alias_spend": {"jobs_select"},
    "router_attempt": {"jobs_select", "ledger_insert"},
    "router_budget": {"jobs_select"},
    "router_budgethold": {"jobs_delete", "jobs_select"},
    "router_budgetnotice": {"jobs_select"},
    "router_learner": {"jobs_select"},
    "router_outcome": {"jobs_select"},
    "router_experiment": {"jobs_select"},
    "router_experimenthold": {"jobs_delete", "jobs_select"},
    "router_idempotentanswer": {"jobs_delete", "jobs_select"},
    "router_keycache": {"jobs_select"},
    "router_policy": {"jobs_select"},
    "router_semanticanswer": {"jobs_delete", "jobs_select"},
    "router_promptvector": {"jobs_delete", "jobs_select", "ledger_insert"},
    "router_routed_request": {"jobs_select", "ledger_insert"},
    "router_routing_decision": {"jobs_select", "ledger_insert"},
    "router_spend": {"jobs_select"},
    "router_storedresponse": {"jobs_delete", "jobs_select"},
    # The advisor finds by them what a change of the market touches, and by night all.
    "portfolio_product": {"jobs_select"},
    "portfolio_usecase": {"jobs_select"},
    "router_usage_dirty": {"jobs_delete", "jobs_select", "ledger_insert"},
    "router_usageday": {"jobs_delete", "jobs_insert", "jobs_select"},
    "router_usagehour": {"jobs_delete", "jobs_insert", "jobs_select"},
    "savings_saving": JOBS_ALL,
    "savings_statement": {"jobs_select"},
    "savings_switch": {"jobs_select", "jobs_update"},
    "sso_connection": {"jobs_select", "jobs_update"},
    "vault_providerkey": {"jobs_select", "jobs_update"},
    "vault_providerpreference": {"jobs_select"},
}

# Unique without the organization, and why that tells nobody anything.
UNIQUE_EVERYWHERE: Final = {
    "sso_domain_is_proven_once": "only who controls a domain's DNS gets that far",
    "accounts_apikey_digest": "a keyed hash of 190 random bits cannot be guessed",
    "accounts_apikey_previous_digest": "the same of a key's secret before",
    "accounts_invitation_digest": "a hash of 256 random bits cannot be guessed",
}

# Rows that nothing ever refers to.
NEVER_NAMED: Final = {"accounts_organization", "router_usage_dirty"}

# What runs as the owner, and which logins may call it.
DEFINER_FUNCTIONS: Final = {
    "begin_erasure": {"jobs"},
    "drop_exchange_partitions": {"jobs"},
    "erase_organization": {"jobs"},
    "erase_rows": {"jobs"},
    "forget_person": {"default", "jobs"},
    "keep_exchanges": {"ledger"},
    "make_exchange_partition": {"jobs"},
    "organization_rows": {"jobs"},
    "find_invitation": {"default"},
    "advance_job": {"default", "jobs"},
    "hold_job_token": {"default", "jobs"},
    "budget_state": set(),
    "count_spend": set(),
    "note_offer_spans": {"ledger"},
    "open_offer_incident": {"ledger"},
    "close_offer_incidents": {"ledger"},
    "release_budgets": {"default"},
    "sync_budgets": {"default"},
    "take_budgets": {"default"},
    "find_leaked_key": {"default"},
    "drop_ledger_partitions": {"jobs"},
    "make_ledger_partitions": {"jobs", "ledger"},
    "memberships_of": {"default"},
    "resolve_key": {"default"},
    "settle_message": {"default", "jobs"},
    "sso_for_domain": {"default"},
    "sso_required_for": {"default"},
    "touch_keys": {"default", "ledger"},
}

POLICY: Final = (
    "({column} = ( SELECT (NULLIF(current_setting('app.org_id'::text, true),"
    " ''::text))::uuid AS \"nullif\"))"
)


def _rows(sql: str, *params: Any) -> list[Any]:
    with connections["owner"].cursor() as cursor:
        cursor.execute(sql, params)
        return list(cursor.fetchall())


def _login(alias: str) -> str:
    return str(settings.DATABASES[alias]["USER"])


TABLES = """
    SELECT c.relname FROM pg_class c
    WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')
"""


@pytest.fixture
def tenant_tables() -> list[str]:
    names = [name for (name,) in _rows(f"{TABLES} AND NOT c.relispartition")]
    return sorted(set(names) - set(OPEN_TABLES))


def test_every_listed_table_exists() -> None:
    names = {name for (name,) in _rows(TABLES)}

    assert set(OPEN_TABLES) <= names
    assert set(OPEN_POLICIES) <= names


def test_no_listed_table_holds_a_tenants_rows() -> None:
    having = _rows(
        "SELECT table_name FROM information_schema.columns"
        " WHERE table_schema = 'public' AND column_name = 'org_id'"
    )

    assert not {name for (name,) in having} & set(OPEN_TABLES)


def test_every_other_table_has_forced_row_security(tenant_tables: list[str]) -> None:
    weak = _rows(
        "SELECT relname FROM pg_class WHERE relname = ANY (%s)"
        " AND NOT (relrowsecurity AND relforcerowsecurity)",
        tenant_tables,
    )

    assert weak == []


def test_every_tenant_table_has_the_one_policy(tenant_tables: list[str]) -> None:
    found = _rows(
        "SELECT tablename, cmd, roles, qual, with_check FROM pg_policies"
        " WHERE schemaname = 'public' AND policyname = 'tenant'"
    )
    expected = []
    for table in tenant_tables:
        column = "id" if table == "accounts_organization" else "org_id"
        text = POLICY.format(column=column)
        expected.append((table, "ALL", [_login("default")], text, text))

    assert sorted(found) == sorted(expected)


def test_every_other_policy_is_listed_and_for_another_login() -> None:
    found: dict[str, set[str]] = {}
    for table, name, roles in _rows(
        "SELECT tablename, policyname, roles FROM pg_policies"
        " WHERE schemaname = 'public' AND policyname <> 'tenant'"
    ):
        found.setdefault(table, set()).add(name)
        assert roles == [_login(name.partition("_")[0])]

    assert found == OPEN_POLICIES


def test_the_organization_is_never_null(tenant_tables: list[str]) -> None:
    required = _rows(
        "SELECT table_name FROM information_schema.columns WHERE is_nullable = 'NO'"
        " AND table_schema = 'public' AND column_name = 'org_id'"
    )

    missing = set(tenant_tables) - {name for (name,) in required}
    assert missing == {"accounts_organization"}


def test_unique_values_are_unique_in_their_organization(
    tenant_tables: list[str],
) -> None:
    found = _rows(
        """
        SELECT i.relname FROM pg_index x
        JOIN pg_class i ON i.oid = x.indexrelid
        JOIN pg_class t ON t.oid = x.indrelid
        JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = x.indkey[0]
        WHERE x.indisunique AND t.relname = ANY (%s) AND a.attname <> 'org_id'
          AND NOT (x.indisprimary AND a.attname = 'id')
        """,
        tenant_tables,
    )

    assert {name for (name,) in found} == set(UNIQUE_EVERYWHERE)


def test_no_key_leads_to_another_organizations_row(tenant_tables: list[str]) -> None:
    leading_out = _rows(
        """
        SELECT c.conname FROM pg_constraint c
        JOIN pg_class child ON child.oid = c.conrelid
        JOIN pg_class parent ON parent.oid = c.confrelid
        JOIN pg_attribute a ON a.attrelid = child.oid AND a.attnum = c.conkey[1]
        WHERE c.contype = 'f' AND child.relname = ANY (%s) AND a.attname <> 'org_id'
          AND parent.relname = ANY (%s)
        """,
        tenant_tables,
        tenant_tables,
    )

    assert leading_out == []


def test_a_row_can_be_named_with_its_organization(tenant_tables: list[str]) -> None:
    named = _rows(
        """
        SELECT t.relname FROM pg_index x JOIN pg_class t ON t.oid = x.indrelid
        WHERE x.indisunique AND (
            SELECT array_agg(a.attname::text ORDER BY k.place)
            FROM unnest(x.indkey) WITH ORDINALITY AS k (number, place)
            JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = k.number
            WHERE k.place <= 2
        ) = ARRAY['org_id', 'id']
        """
    )
    has_id = _rows(
        "SELECT table_name FROM information_schema.columns"
        " WHERE table_schema = 'public' AND column_name = 'id'"
    )
    wanted = {name for (name,) in has_id} & set(tenant_tables)

    assert wanted - {name for (name,) in named} == NEVER_NAMED


def test_a_partition_is_no_way_around_its_parent() -> None:
    open_partitions = _rows(
        """
        SELECT c.relname FROM pg_class c, unnest(%s::text[]) AS login
        WHERE c.relispartition AND c.relkind IN ('r', 'p')
          AND NOT (c.relrowsecurity AND c.relforcerowsecurity)
          AND has_table_privilege(login, c.oid, 'SELECT, INSERT, UPDATE, DELETE')
        """,
        [_login(alias) for alias in ("default", "jobs", "ledger")],
    )

    assert open_partitions == []


def test_no_view_shows_its_owners_rows() -> None:
    views = _rows(
        """
        SELECT relname FROM pg_class
        WHERE relnamespace = 'public'::regnamespace AND (relkind = 'm' OR (
            relkind = 'v' AND NOT coalesce(
                'security_invoker=true' = ANY (reloptions), false)))
        """
    )

    assert views == []


@pytest.mark.parametrize("alias", ["default", "jobs", "ledger"])
def test_the_serving_logins_own_and_bypass_nothing(alias: str) -> None:
    (powers,) = _rows(
        """
        SELECT rolsuper, rolbypassrls, rolcreaterole, rolcreatedb, rolreplication,
            EXISTS (SELECT FROM pg_auth_members WHERE member = r.oid),
            EXISTS (SELECT FROM pg_class WHERE relowner = r.oid),
            EXISTS (SELECT FROM pg_proc WHERE proowner = r.oid),
            has_schema_privilege(oid, 'public', 'CREATE'),
            has_database_privilege(oid, current_database(), 'CREATE, TEMPORARY')
        FROM pg_roles r WHERE rolname = %s
        """,
        _login(alias),
    )

    assert not any(powers)


def test_the_web_login_neither_truncates_nor_references() -> None:
    found = _rows(
        f"{TABLES} AND has_table_privilege(%s, c.oid, 'TRUNCATE, REFERENCES, TRIGGER')",
        _login("default"),
    )

    assert found == []


def test_facts_of_the_catalog_are_read_only_to_the_web() -> None:
    writable = _rows(
        f"{TABLES} AND c.relname LIKE 'catalog%%'"
        " AND has_table_privilege(%s, c.oid, 'INSERT, UPDATE, DELETE')",
        _login("default"),
    )

    assert writable == []


def test_what_runs_as_the_owner_is_listed_and_pinned() -> None:
    found = {}
    for oid, name, config, public in _rows(
        """
        SELECT p.oid, p.proname, p.proconfig,
            EXISTS (SELECT FROM aclexplode(p.proacl) a WHERE a.grantee = 0)
        FROM pg_proc p
        WHERE p.prosecdef AND p.pronamespace = 'public'::regnamespace
        """
    ):
        # Nobody but the owner makes anything in `public`; temporary tables come last.
        assert config[0].startswith("search_path=pg_catalog")
        assert config[0].endswith(", pg_temp")
        assert not public
        found[name] = {
            alias
            for alias in ("default", "jobs", "ledger")
            if _rows(
                "SELECT has_function_privilege(%s, %s, 'EXECUTE')", _login(alias), oid
            )
            == [(True,)]
        }

    assert found == DEFINER_FUNCTIONS
