"""Identifiers sort by their moment and say which version they are."""

import time

from apps.kit.ids import uuid7


def test_an_id_is_a_version_7_uuid_of_now() -> None:
    made = uuid7()

    assert (made.version, made.variant) == (7, "specified in RFC 4122")
    assert abs((made.int >> 80) - time.time_ns() // 1_000_000) < 1000


def test_a_later_id_sorts_after() -> None:
    first = uuid7()
    time.sleep(0.002)

    assert first < uuid7()


def test_ids_do_not_repeat() -> None:
    assert len({uuid7() for _ in range(10_000)}) == 10_000
