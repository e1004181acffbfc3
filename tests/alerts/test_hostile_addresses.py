"""Forty addresses that lead inside: none of them is ever connected to."""

import socket
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests

from apps.accounts.models import Organization, User
from apps.alerts import channel_services
from apps.alerts.channel_services import NewChannel
from apps.alerts.kinds import Via
from apps.alerts.models import Attempt
from apps.kit.errors import ValidationError
from apps.kit.pinned import OutgoingError, PinnedSession
from apps.tenancy.scope import scope
from tests.alerts.conftest import make_channel
from tests.alerts.test_routing import tell

HOSTILE = (
    "https://127.0.0.1:{port}/",
    "http://127.0.0.1:{port}/",
    "https://127.0.0.1/",
    "https://127.1/",
    "https://127.0.0.1./",
    "https://0.0.0.0/",
    "https://0/",
    "https://2130706433/",
    "https://0x7f000001/",
    "https://0x7f.1/",
    "https://0177.0.0.1/",
    "https://017700000001/",
    "https://①②⑦.0.0.1/",
    "https://localhost/",
    "https://localhost:8443/",
    "https://localhost:{port}/",
    "https://[::1]/",
    "https://[::1]:8443/",
    "https://[::]/",
    "https://[0:0:0:0:0:0:0:1]/",
    "https://[::ffff:127.0.0.1]/",
    "https://[::ffff:7f00:1]/",
    "https://[::ffff:10.0.0.1]/",
    "https://[64:ff9b::7f00:1]/",
    "https://[64:ff9b::a9fe:a9fe]/",
    "https://[64:ff9b:1::7f00:1]/",
    "https://[2002:7f00:1::]/",
    "https://[2002:a00:1::]/",
    "https://[2001:0:7f00:1::]/",
    "https://[fe80::1]/",
    "https://[fe80::1%25lo]/",
    "https://[fc00::1]/",
    "https://[fec0::1]/",
    "https://[ff02::1]/",
    "https://10.0.0.1/",
    "https://172.16.0.1/",
    "https://192.168.1.1/",
    "https://169.254.169.254/latest/meta-data/",
    "https://100.64.0.1/",
    "https://user:pw@127.0.0.1/",
)


@pytest.fixture
def knocks() -> Iterator[tuple[int, list[Any]]]:
    """A socket that counts who connects, to IPv4 and IPv6 loopback alike."""
    found: list[Any] = []
    server = socket.socket(socket.AF_INET6)
    server.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
    server.bind(("::", 0))
    server.listen(50)
    server.settimeout(0.1)
    is_over = threading.Event()

    def accept() -> None:
        while not is_over.is_set():
            try:
                found.append(server.accept()[1])
            except TimeoutError:
                continue

    thread = threading.Thread(target=accept, daemon=True)
    thread.start()
    yield server.getsockname()[1], found
    is_over.set()
    thread.join()
    server.close()


@pytest.mark.django_db(transaction=True)
def test_forty_hostile_addresses_and_no_connection(
    acme: Organization,
    olga: User,
    knocks: tuple[int, list[Any]],
    run_outbox: Callable[..., None],
) -> None:
    """Refused when entered; and, if one got into the table, whenever it is sent to."""
    port, found = knocks
    urls = [url.format(port=port) for url in HOSTILE]
    assert len(set(urls)) == 40
    for url in urls:
        with scope(acme.id), pytest.raises(ValidationError):
            channel_services.create_channel(NewChannel(Via.WEBHOOK, "Ops", url))
        make_channel(acme, url)
    tell(acme)
    run_outbox(rounds=1)

    with scope(acme.id):
        attempts = list(Attempt.objects.all())
    assert len(attempts) == 40
    assert {attempt.status for attempt in attempts} == {None}
    assert found == []


def test_a_name_that_moves_inside_between_check_and_use_is_not_followed(
    knocks: tuple[int, list[Any]],
) -> None:
    """The name is looked up once a connection, and that answer is what is judged."""
    _, found = knocks
    answers = [["93.184.215.14"], ["127.0.0.1"]]

    def rebinding(host: str, port: int) -> list[str]:
        return answers.pop(0) if len(answers) > 1 else answers[0]

    assert rebinding("evil.test", 443) == ["93.184.215.14"]
    with PinnedSession(resolve=rebinding) as session, pytest.raises(OutgoingError):
        session.post("https://evil.test:8443/", data=b"{}", timeout=2)
    assert found == []


@pytest.mark.parametrize(
    "answer", [["93.184.215.14", "127.0.0.1"], ["::1"], ["10.0.0.1"], []]
)
def test_a_name_with_one_address_inside_is_refused(
    knocks: tuple[int, list[Any]], answer: list[str]
) -> None:
    with (
        PinnedSession(resolve=lambda host, port: answer) as session,
        pytest.raises(requests.RequestException),
    ):
        session.post("https://evil.test/", data=b"{}", timeout=2)
    assert knocks[1] == []
