"""Identifiers sort by their moment and say which version they are."""

import multiprocessing
import time
from uuid import UUID

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


def test_a_child_process_makes_other_ids() -> None:
    uuid7()  # there is a stock of random bytes to inherit
    fork = multiprocessing.get_context("fork")
    with fork.Pool(1) as pool:
        theirs = pool.apply(_hundred)

    assert not {one.int & 2**62 - 1 for one in theirs} & {
        one.int & 2**62 - 1 for one in _hundred()
    }


def _hundred() -> list[UUID]:
    return [uuid7() for _ in range(100)]
