"""The journal survives its process, torn lines and a full disk."""

import errno
import os
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from apps.router import journal as journal_module
from apps.router.journal import OPENED, SETTLED, Journal, read, unfinished
from tests.router.entries import make_entry


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    made = Journal(tmp_path)
    yield made
    made.leave()


def test_what_is_appended_is_read_back(journal: Journal) -> None:
    entries = [make_entry() for _ in range(3)]
    for entry in entries:
        journal.append(SETTLED, entry)

    assert [entry for _, entry in read(journal.current.path)] == entries


def test_a_torn_and_a_damaged_line_are_skipped(journal: Journal) -> None:
    entry = make_entry()
    journal.append(SETTLED, entry)
    whole = journal.current.path.read_bytes()
    damaged = whole.replace(b"fake", b"fale")
    journal.current.path.write_bytes(damaged + b"junk\n" + whole + whole[:40])

    assert [entry for _, entry in read(journal.current.path)] == [entry]


def test_a_live_process_s_segments_are_not_taken(tmp_path: Path) -> None:
    owner, other = Journal(tmp_path), Journal(tmp_path)
    owner.append(SETTLED, make_entry())

    assert list(other.abandoned()) == []
    owner.leave()
    other.leave()


def test_a_dead_process_s_segments_are_adopted_together(tmp_path: Path) -> None:
    dead = Journal(tmp_path)
    dead.append(SETTLED, make_entry())
    dead.rotate()
    dead.append(SETTLED, make_entry())
    dead.leave()
    heir = Journal(tmp_path)

    [segments] = heir.abandoned()

    assert len(segments) == 2
    assert len(unfinished(segments)) == 2
    heir.leave()


def test_a_stream_that_died_open_is_cut_short_and_a_settled_one_is_not(
    journal: Journal,
) -> None:
    open_id, done_id = make_entry().request.id, make_entry().request.id
    journal.append(OPENED, make_entry(id=open_id, status="cancelled"))
    journal.append(OPENED, make_entry(id=done_id, status="cancelled"))
    journal.append(SETTLED, make_entry(id=done_id))

    left = {e.request.id: e.request.status for e in unfinished([journal.current])}

    assert left == {open_id: "cancelled", done_id: "ok"}


def test_a_segment_goes_when_it_is_closed_and_nothing_in_it_is_needed(
    journal: Journal,
) -> None:
    segment = journal.append(SETTLED, make_entry())
    journal.rotate()
    assert segment.path.exists()

    segment.release()

    assert not segment.path.exists()


def test_a_full_segment_makes_room_for_the_next(
    journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journal_module, "ROTATE_BYTES", 10)

    first = journal.append(SETTLED, make_entry())
    second = journal.append(SETTLED, make_entry())

    assert first.path != second.path


def test_a_full_disk_is_an_error_and_not_half_a_line(
    journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    real_write = os.write
    kept = make_entry()

    def half(fd: int, data: bytes) -> int:
        return real_write(fd, data[: len(data) // 2]) if len(data) > 1 else 0

    with monkeypatch.context() as patch:
        patch.setattr(os, "write", half)
        with pytest.raises(OSError, match="half a line"):
            journal.append(SETTLED, make_entry())
    real_write(journal.current.fd, b"\n")
    journal.append(SETTLED, kept)

    assert [entry for _, entry in read(journal.current.path)] == [kept]


def test_no_space_left_is_passed_on(
    journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(fd: int, data: bytes) -> int:
        raise OSError(errno.ENOSPC, "no space left")

    monkeypatch.setattr(os, "write", full)

    with pytest.raises(OSError, match="no space"):
        journal.append(SETTLED, make_entry())


def test_sync_asks_the_disk_once(
    journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []
    monkeypatch.setattr(os, "fdatasync", asked.append)
    journal.append(SETTLED, make_entry())

    journal.sync()
    journal.sync()

    assert len(asked) == 1


def test_who_asks_while_the_disk_is_at_work_waits_for_it(
    journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    has_begun, may_end = threading.Event(), threading.Event()

    def slow(fd: int) -> None:
        has_begun.set()
        may_end.wait(20)

    monkeypatch.setattr(os, "fdatasync", slow)
    journal.append(SETTLED, make_entry())

    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(journal.sync)
        assert has_begun.wait(20)
        second = pool.submit(journal.sync)
        with pytest.raises(TimeoutError):
            second.result(timeout=0.1)
        may_end.set()
        first.result(timeout=20)
        second.result(timeout=20)
