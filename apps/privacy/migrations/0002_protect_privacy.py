"""The kept exchanges, and what may remove an organization: both as the owner.

No login may write an exchange: `keep_exchanges` does, and it asks the organization's
settings under a lock, so that nothing is kept after the switch was turned off. No
login may delete a whole organization: `erase_organization` does, for one whose
deletion is due, and it finds the tables in the database's own catalog, so that a new
one cannot be forgotten.
"""

from django.db import migrations

from apps.tenancy.rls import EnableRowSecurity, Grant, login, tenant_policy_sql

EXCHANGE = """
CREATE TABLE privacy_stored_exchange (
    created_at timestamptz NOT NULL,
    redactions integer NOT NULL,
    is_cut boolean NOT NULL,
    org_id uuid NOT NULL,
    id uuid NOT NULL,
    prompt text NOT NULL,
    answer text NOT NULL,
    PRIMARY KEY (org_id, id, created_at)
) PARTITION BY RANGE (created_at)
"""
SEARCH_PATH = "SET search_path = pg_catalog, public, pg_temp"

# ATTACH locks out nobody from the other partitions; see the ledger's.
MAKE_PARTITION = f"""
CREATE FUNCTION make_exchange_partition(in_month date)
RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER SEARCH_PATH AS $$
DECLARE
    first date := date_trunc('month', in_month::timestamp)::date;
    part text := 'privacy_stored_exchange' || to_char(first, '_YYYY_MM');
BEGIN
    IF to_regclass('public.' || part) IS NOT NULL THEN
        RETURN false;
    END IF;
    PERFORM pg_advisory_xact_lock(hashtext('make_exchange_partition'));
    IF to_regclass('public.' || part) IS NOT NULL THEN
        RETURN false;
    END IF;
    EXECUTE format('CREATE TABLE public.%I (LIKE public.privacy_stored_exchange'
        ' INCLUDING DEFAULTS INCLUDING CONSTRAINTS)', part);
    EXECUTE format('ALTER TABLE public.%I ENABLE ROW LEVEL SECURITY,'
        ' FORCE ROW LEVEL SECURITY', part);
    EXECUTE format('REVOKE ALL ON public.%I FROM PUBLIC, {login("default")},'
        ' {login("jobs")}, {login("ledger")}', part);
    EXECUTE format('ALTER TABLE public.privacy_stored_exchange'
        ' ATTACH PARTITION public.%I FOR VALUES FROM (%L) TO (%L)', part,
        first || ' 00:00+00', (first + interval '1 month')::date || ' 00:00+00');
    RETURN true;
END $$
"""

# FOR SHARE waits for whoever is turning the switch off, and the INSERT, a statement
# of its own, then sees it off. A row that is too old already is not kept either.
KEEP = """
CREATE FUNCTION keep_exchanges(
    orgs uuid[], ids uuid[], moments timestamptz[], prompts text[], answers text[],
    redacted integer[], cuts boolean[]
)
RETURNS integer LANGUAGE plpgsql SECURITY DEFINER SEARCH_PATH AS $$
DECLARE
    kept integer;
BEGIN
    PERFORM FROM public.privacy_privacysettings s
        WHERE s.org_id = ANY (orgs) ORDER BY s.org_id FOR SHARE;
    PERFORM public.make_exchange_partition(m.in_month) FROM (
        SELECT DISTINCT date_trunc('month', moment AT TIME ZONE 'UTC')::date AS in_month
        FROM unnest(moments) AS u (moment)
        WHERE moment > now() - interval '366 days' AND moment < now() + interval '1 day'
    ) m;
    INSERT INTO public.privacy_stored_exchange
        (org_id, id, created_at, prompt, answer, redactions, is_cut)
    SELECT r.org, r.id, r.moment, r.prompt, r.answer, r.redacted, r.cut
    FROM unnest(orgs, ids, moments, prompts, answers, redacted, cuts)
        AS r (org, id, moment, prompt, answer, redacted, cut)
    JOIN public.privacy_privacysettings s ON s.org_id = r.org
    WHERE s.stores_prompts
        AND r.moment > now() - make_interval(days => s.retention_days)
        AND r.moment < now() + interval '1 day'
    ON CONFLICT DO NOTHING;
    GET DIAGNOSTICS kept = ROW_COUNT;
    RETURN kept;
END $$
"""

DROP_PARTITIONS = """
CREATE FUNCTION drop_exchange_partitions(before date)
RETURNS integer LANGUAGE plpgsql SECURITY DEFINER SEARCH_PATH AS $$
DECLARE
    part record;
    gone integer := 0;
BEGIN
    FOR part IN
        SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
        WHERE i.inhparent = 'public.privacy_stored_exchange'::regclass
            AND right(c.relname, 7) < to_char(before, 'YYYY_MM')
    LOOP
        EXECUTE format('DROP TABLE public.%I', part.relname);
        gone := gone + 1;
    END LOOP;
    RETURN gone;
END $$
"""

# Where an organization's id stands: by the name of its column, or by a foreign key.
COLUMNS = """
CREATE FUNCTION organization_columns()
RETURNS TABLE (tab text, col text, is_partitioned boolean)
LANGUAGE sql STABLE SEARCH_PATH AS $$
    SELECT c.relname::text, a.attname::text, c.relkind = 'p'
    FROM pg_class c
    JOIN pg_attribute a ON a.attrelid = c.oid AND NOT a.attisdropped
    WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')
        AND NOT c.relispartition AND a.atttypid = 'uuid'::regtype
        AND (a.attname IN ('org_id', 'scope_id') OR EXISTS (
            SELECT FROM pg_constraint k
            WHERE k.conrelid = c.oid AND k.contype = 'f'
                AND k.confrelid = 'public.accounts_organization'::regclass
                AND k.conkey = ARRAY[a.attnum]
        ))
    ORDER BY 1, 2
$$
"""

BEGIN_ERASURE = """
CREATE FUNCTION begin_erasure(wanted uuid)
RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER SEARCH_PATH AS $$
BEGIN
    -- Whoever is undoing it holds this row; afterwards it is gone, and so are we.
    UPDATE public.privacy_deletion SET state = 'running'
        WHERE org_id = wanted AND due_at <= now();
    IF FOUND THEN
        INSERT INTO public.privacy_erasure (erased_id, started_at, counts, name,
            recipients, people, needles, error)
        SELECT o.id, now(), '{}', o.name,
            ARRAY(SELECT u.email::text FROM public.accounts_membership m
                JOIN public.accounts_user u ON u.id = m.user_id
                WHERE m.org_id = o.id AND m.role = 'owner' ORDER BY u.email),
            ARRAY(SELECT m.user_id FROM public.accounts_membership m
                WHERE m.org_id = o.id),
            ARRAY[o.id::text] || ARRAY(SELECT k.id::text
                FROM public.accounts_apikey k WHERE k.org_id = o.id)
                || ARRAY(SELECT encode(k.digest, 'hex')
                FROM public.accounts_apikey k WHERE k.org_id = o.id),
            ''
        FROM public.accounts_organization o WHERE o.id = wanted
        ON CONFLICT DO NOTHING;
    END IF;
    RETURN EXISTS (SELECT FROM public.privacy_erasure WHERE erased_id = wanted);
END $$
"""

# The large tables go in bites, so that no transaction runs for hours.
ERASE_ROWS = """
CREATE FUNCTION erase_rows(wanted uuid, from_table text, most integer)
RETURNS integer LANGUAGE plpgsql SECURITY DEFINER SEARCH_PATH AS $$
DECLARE
    gone integer := 0;
BEGIN
    IF NOT EXISTS (SELECT FROM public.privacy_erasure WHERE erased_id = wanted)
        OR NOT EXISTS (SELECT FROM public.organization_columns()
            WHERE tab = from_table AND col = 'org_id' AND is_partitioned) THEN
        RAISE EXCEPTION 'Nothing of this may be erased.'
            USING ERRCODE = 'insufficient_privilege';
    END IF;
    EXECUTE format('DELETE FROM public.%1$I WHERE org_id = $1 AND id IN'
        ' (SELECT id FROM public.%1$I WHERE org_id = $1 LIMIT $2)', from_table)
        USING wanted, most;
    GET DIAGNOSTICS gone = ROW_COUNT;
    RETURN gone;
END $$
"""

ERASE = """
CREATE FUNCTION erase_organization(wanted uuid)
RETURNS jsonb LANGUAGE plpgsql SECURITY DEFINER SEARCH_PATH AS $$
DECLARE
    place record;
    gone bigint;
    counts jsonb := '{}';
BEGIN
    IF NOT EXISTS (SELECT FROM public.privacy_erasure WHERE erased_id = wanted) THEN
        RAISE EXCEPTION 'This organization is not to be deleted.'
            USING ERRCODE = 'insufficient_privilege';
    END IF;
    -- Rows refer to each other in every direction; at the end none is left to.
    SET CONSTRAINTS ALL DEFERRED;
    FOR place IN SELECT * FROM public.organization_columns() LOOP
        EXECUTE format('DELETE FROM public.%I WHERE %I = $1', place.tab, place.col)
            USING wanted;
        GET DIAGNOSTICS gone = ROW_COUNT;
        IF gone > 0 THEN
            counts := counts || jsonb_build_object(place.tab, gone
                + coalesce((counts ->> place.tab)::bigint, 0));
        END IF;
    END LOOP;
    DELETE FROM public.accounts_organization WHERE id = wanted;
    GET DIAGNOSTICS gone = ROW_COUNT;
    IF gone > 0 THEN
        counts := counts || jsonb_build_object('accounts_organization', gone);
    END IF;
    RETURN counts;
END $$
"""

COUNT = """
CREATE FUNCTION organization_rows(wanted uuid)
RETURNS jsonb LANGUAGE plpgsql STABLE SECURITY DEFINER SEARCH_PATH AS $$
DECLARE
    place record;
    rows bigint;
    counts jsonb := '{}';
BEGIN
    FOR place IN SELECT * FROM public.organization_columns()
        UNION ALL SELECT 'accounts_organization', 'id', false
    LOOP
        EXECUTE format('SELECT count(*) FROM public.%I WHERE %I = $1',
            place.tab, place.col) INTO rows USING wanted;
        IF rows > 0 THEN
            counts := counts || jsonb_build_object(place.tab, rows);
        END IF;
    END LOOP;
    RETURN counts;
END $$
"""

# What refers to the person goes, with what refers to that in turn; where the reference
# may be empty (who made a key) only the name goes. In the database rather than by
# Django, because no login can reach the rows of all organizations and of staff.
CUT_LOOSE = """
CREATE FUNCTION cut_loose(target regclass, target_id text)
RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    place record;
    child_id text;
BEGIN
    FOR place IN
        SELECT k.conrelid::regclass AS tab, a.attname AS col,
            a.attnotnull AS is_needed, p.attname AS key
        FROM pg_constraint k
        JOIN pg_attribute a ON a.attrelid = k.conrelid AND k.conkey = ARRAY[a.attnum]
        JOIN pg_index i ON i.indrelid = k.conrelid AND i.indisprimary
        JOIN pg_attribute p ON p.attrelid = k.conrelid AND p.attnum = i.indkey[0]
        WHERE k.contype = 'f' AND k.confrelid = target
    LOOP
        IF NOT place.is_needed THEN
            EXECUTE format('UPDATE %s SET %I = NULL WHERE %I = %L',
                place.tab, place.col, place.col, target_id);
            CONTINUE;
        END IF;
        FOR child_id IN EXECUTE format('SELECT %I::text FROM %s WHERE %I = %L',
            place.key, place.tab, place.col, target_id)
        LOOP
            PERFORM public.cut_loose(place.tab, child_id);
        END LOOP;
        EXECUTE format('DELETE FROM %s WHERE %I = %L',
            place.tab, place.col, target_id);
    END LOOP;
END $$
"""

FORGET = """
CREATE FUNCTION forget_person(person uuid)
RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER SEARCH_PATH AS $$
BEGIN
    IF EXISTS (SELECT FROM public.accounts_membership WHERE user_id = person) THEN
        RETURN false;
    END IF;
    PERFORM public.cut_loose('public.accounts_user'::regclass, person::text);
    DELETE FROM public.accounts_user WHERE id = person;
    RETURN true;
END $$
"""

# What each does, and which logins may ask for it.
FUNCTIONS = (
    ("make_exchange_partition(date)", MAKE_PARTITION, ("jobs",)),
    (
        "keep_exchanges(uuid[], uuid[], timestamptz[], text[], text[], integer[],"
        " boolean[])",
        KEEP,
        ("ledger",),
    ),
    ("drop_exchange_partitions(date)", DROP_PARTITIONS, ("jobs",)),
    ("organization_columns()", COLUMNS, ("jobs",)),
    ("begin_erasure(uuid)", BEGIN_ERASURE, ("jobs",)),
    ("erase_rows(uuid, text, integer)", ERASE_ROWS, ("jobs",)),
    ("erase_organization(uuid)", ERASE, ("jobs",)),
    ("organization_rows(uuid)", COUNT, ("jobs",)),
    ("cut_loose(regclass, text)", CUT_LOOSE, ()),
    ("forget_person(uuid)", FORGET, ("default", "jobs")),
)


def _run(schema_editor, statements):
    if schema_editor.connection.alias == "owner":
        for statement in statements:
            schema_editor.execute(statement, params=None)


def protect(apps, schema_editor):
    statements = [
        EXCHANGE,
        *tenant_policy_sql(
            "privacy_stored_exchange",
            app=("SELECT", "DELETE"),
            jobs=("SELECT", "DELETE"),
        ),
    ]
    for signature, body, logins in FUNCTIONS:
        statements += [
            body.replace("SEARCH_PATH", SEARCH_PATH),
            f"REVOKE ALL ON FUNCTION {signature} FROM PUBLIC",
            *(f"GRANT EXECUTE ON FUNCTION {signature} TO {login(a)}" for a in logins),
        ]
    statements.append(
        "SELECT make_exchange_partition((now() AT TIME ZONE 'UTC')::date)"
    )
    _run(schema_editor, statements)


def unprotect(apps, schema_editor):
    drops = [f"DROP FUNCTION {signature}" for signature, _, _ in reversed(FUNCTIONS)]
    _run(schema_editor, [*drops, "DROP TABLE privacy_stored_exchange"])


class Migration(migrations.Migration):
    dependencies = [
        ("privacy", "0001_create_privacy"),
        ("accounts", "0008_note_coming_deletions"),
    ]

    operations = [
        EnableRowSecurity("PrivacySettings", jobs=("SELECT",)),
        EnableRowSecurity("Export", jobs=("SELECT",)),
        EnableRowSecurity("Deletion", jobs=("SELECT",)),
        Grant("Erasure", "default", ()),
        Grant("Erasure", "jobs", ("SELECT", "UPDATE")),
        migrations.RunPython(protect, unprotect),
    ]
