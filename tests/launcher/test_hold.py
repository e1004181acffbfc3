"""One holder of a data folder at a time, and the dead do not hold."""

import os
from pathlib import Path

from config.launcher import hold
from config.launcher.processes import Process


def test_second_taker_learns_who_has_it(tmp_path: Path) -> None:
    lock = hold.take(tmp_path)
    hold.own_record("run", url="http://x", local_model_url="").save(tmp_path, [])

    assert hold.take(tmp_path) is None
    holder = hold.living_holder(tmp_path)

    assert holder
    assert (holder.mode, holder.url) == ("run", "http://x")
    assert holder.holder.pid == os.getpid()
    assert lock is not None
    hold.release(lock)


def test_record_comes_back_as_it_was_saved(tmp_path: Path) -> None:
    record = hold.own_record("run", url="http://x", local_model_url="http://y")

    record.save(tmp_path, [Process("web", 1, "m", rank=2)])

    saved = hold.read_record(tmp_path)
    assert saved
    assert saved.processes == [Process("web", 1, "m", rank=2)]
    assert saved.holder == record.holder


def test_damaged_record_counts_as_none(tmp_path: Path) -> None:
    (tmp_path / "run.json").write_text('{"mode": "run", "pid": 1}')

    assert hold.read_record(tmp_path) is None


def test_folder_of_the_dead_is_taken(tmp_path: Path) -> None:
    dead = hold.Record("run", "http://x", "", Process("run", 2**22 + 1, "gone"))
    dead.save(tmp_path, [Process("web", os.getpid(), "a stranger's mark")])

    lock = hold.take(tmp_path)

    assert lock is not None
    hold.release(lock)
