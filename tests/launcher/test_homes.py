"""Where data and sockets lie."""

import os
import stat
from pathlib import Path

import pytest

from config.launcher import homes
from config.launcher.problems import LaunchError


def test_data_folder_is_private(tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir(mode=0o755)

    homes.open_data(data)

    assert stat.S_IMODE(data.stat().st_mode) == 0o700


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder away")
def test_data_folder_of_somebody_else_is_refused(tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    os.chown(data, 65534, -1)

    with pytest.raises(LaunchError, match="belongs to nobody"):
        homes.open_data(data)


def test_socket_folder_is_short_and_private(tmp_path: Path) -> None:
    deep = tmp_path / ("d" * homes.LONGEST_SOCKET_FOLDER)

    folder = homes.socket_folder(deep, account=None)

    assert len(os.fsencode(folder)) <= homes.LONGEST_SOCKET_FOLDER
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    folder.rmdir()


def test_socket_folder_that_others_may_write_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "s"
    folder.mkdir()
    folder.chmod(0o777)
    if len(os.fsencode(folder)) > homes.LONGEST_SOCKET_FOLDER:
        pytest.skip("the temporary folder's path is too long to be used itself")

    with pytest.raises(LaunchError, match="belongs to somebody else"):
        homes.socket_folder(folder, account=None)


def test_postgres_home_stays_the_same(tmp_path: Path) -> None:
    first = homes.postgres_home(tmp_path)

    assert homes.postgres_home(tmp_path) == first
    assert (tmp_path / "postgres").resolve() == first.resolve()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root keeps clusters elsewhere")
def test_cluster_of_a_deleted_checkout_is_removed(tmp_path: Path) -> None:
    home = homes.postgres_home(tmp_path)
    (tmp_path / "postgres").unlink()

    homes.forget_abandoned()

    assert not home.exists()
