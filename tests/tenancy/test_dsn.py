"""Connection strings for code without Django."""

import psycopg
import pytest

from apps.tenancy.dsn import dsn_of
from tests.settings import DATABASES


@pytest.mark.django_db
@pytest.mark.parametrize("alias", ["default", "ledger"])
def test_it_leads_to_the_database_of_its_login(alias: str) -> None:
    with psycopg.connect(dsn_of(alias)) as connection:
        row = connection.execute("SELECT current_user, current_database()").fetchone()

    assert row == (DATABASES[alias]["USER"], DATABASES[alias]["NAME"])
