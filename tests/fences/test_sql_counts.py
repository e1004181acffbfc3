"""How many statements each page takes, kept in `sql_counts.json`.

Neither a number nor the length of a list may grow unseen: the count is taken with a
few rows and must be the same with more.
"""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Final

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from apps.accounts.models import Organization, User
from tests.factories import (
    make_invitation,
    make_key,
    make_member,
    make_routed_request,
)

pytestmark = pytest.mark.django_db(transaction=True)
FILE: Final = Path(__file__).with_name("sql_counts.json")
COUNTS: Final[dict[str, int]] = json.loads(FILE.read_text())


@pytest.mark.parametrize("name", COUNTS)
def test_a_page_takes_as_many_statements_as_it_is_allowed(
    name: str, sign_in: Callable[[User], Client], olga: User, acme: Organization
) -> None:
    client = sign_in(olga)
    # Once in a while a page also notes that its session is in use.
    client.get(reverse(name))
    counts = []
    for number in range(2):
        make_key(acme, by=olga)
        make_member(acme, f"member{number}")
        make_invitation(acme, f"invited{number}@example.com", by=olga)
        make_routed_request(acme)
        with CaptureQueriesContext(connection) as queries:
            assert client.get(reverse(name)).status_code == 200
        counts.append(len(queries))

    assert counts == [COUNTS[name]] * 2
