"""The disk side of the recorder: append-only segments that outlive their process.

A line reaches the kernel by `write(2)` before the answer leaves, so a kill -9 loses
nothing. A segment is locked by the process that writes it; the kernel drops the lock
when that process dies, however it dies, and then any other one may adopt it.
"""

import fcntl
import logging
import os
import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from hashlib import blake2b
from itertools import count
from pathlib import Path
from typing import Final
from uuid import UUID
from zlib import crc32

import msgspec

from apps.router.rows import Entry

logger = logging.getLogger(__name__)

ROTATE_BYTES: Final = 4 * 1024 * 1024
SETTLED: Final = b"E"
OPENED: Final = b"O"
_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Entry).decode


@dataclass(slots=True, eq=False)
class Segment:
    """One file of the journal; it may go once nothing in it is still needed."""

    path: Path
    fd: int
    size: int = 0
    pending: int = 0
    is_closed: bool = False
    # Further files of the same dead process, deleted with this one.
    others: list["Segment"] = field(default_factory=list)

    @property
    def holder(self) -> UUID:
        return holder_of(self.path.name.rpartition("-")[0])

    def release(self, lines: int = 1) -> None:
        """Count lines as shipped (or settled elsewhere); delete when none is left."""
        self.pending -= lines
        if self.is_closed and self.pending <= 0:
            self.remove()

    def close(self) -> None:
        self.is_closed = True
        if self.pending <= 0:
            self.remove()

    def remove(self) -> None:
        self.path.unlink(missing_ok=True)
        if self.fd >= 0:
            os.close(self.fd)
            self.fd = -1
        for other in self.others:
            other.remove()


class Journal:
    """This process's segments, and a way to the ones that others left behind."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.folder = folder
        self._name = f"{os.getpid()}-{time.time_ns()}"
        # As whom this process holds what others must give back if it dies.
        self.holder = holder_of(self._name)
        self._numbers = count()
        self._own: dict[Path, Segment] = {}
        # Whether the kernel has lines that the disk was not asked to keep.
        self.is_dirty = False
        self._syncing = threading.Lock()
        self.current = self._new_segment()

    def append(self, kind: bytes, entry: Entry) -> Segment:
        """Write one line; raises OSError when the disk takes it not whole."""
        payload = _encode(entry)
        line = b"%b%08x %b\n" % (kind, crc32(payload), payload)
        if self.current.size > ROTATE_BYTES:
            self.rotate()
        segment = self.current
        if os.write(segment.fd, line) != len(line):
            # A torn line is skipped by its reader; the next one starts afresh.
            os.write(segment.fd, b"\n")
            raise OSError("the journal's disk took half a line")
        segment.size += len(line)
        segment.pending += 1
        self.is_dirty = True
        return segment

    def rotate(self) -> Segment:
        """Start a new segment and return the one before."""
        before, self.current = self.current, self._new_segment()
        os.fdatasync(before.fd)
        before.close()
        self._own = {p: s for p, s in self._own.items() if s.fd >= 0}
        return before

    def leave(self) -> None:
        """Unlock what is not shipped, for whoever comes next."""
        for segment in self._own.values():
            segment.is_closed = True
            if segment.pending <= 0:
                segment.remove()
            elif segment.fd >= 0:
                os.close(segment.fd)
                segment.fd = -1

    def sync(self) -> None:
        """Ask the disk to keep what the kernel has; nothing to do when it did.

        Who comes while it is at work waits: their line may be what it works on.
        """
        with self._syncing:
            if self.is_dirty:
                self.is_dirty = False
                os.fdatasync(self.current.fd)

    def abandoned(self) -> Iterator[list[Segment]]:
        """Locked segments of dead processes, one list a process."""
        left: dict[str, list[Segment]] = defaultdict(list)
        for path in sorted(self.folder.glob("*.journal")):
            if path not in self._own and (segment := _take_over(path)):
                left[path.name.rpartition("-")[0]].append(segment)
        yield from left.values()

    def _new_segment(self) -> Segment:
        path = self.folder / f"{self._name}-{next(self._numbers)}.journal"
        # Locked under another name first, or an adopter could see it unlocked.
        draft = path.with_suffix(".new")
        fd = os.open(draft, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_EXCL, 0o600)
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        segment = self._own[path] = Segment(path, fd)
        draft.rename(path)
        return segment


def holder_of(name: str) -> UUID:
    """The id of a process by its name, which begins each of its segments' names."""
    return UUID(bytes=blake2b(name.encode(), digest_size=16).digest())


def read(path: Path) -> Iterator[tuple[bytes, Entry]]:
    """The kind and entry of every whole line; a torn or damaged one is reported."""
    with path.open("rb") as lines:
        for number, line in enumerate(lines, 1):
            try:
                yield _parse(line)
            except ValueError as problem:
                logger.warning("%s line %d is not read: %s", path.name, number, problem)


def settled_in(segment: Segment) -> list[Entry]:
    """The settled entries of one segment; a stream that runs is not one yet."""
    return [entry for kind, entry in read(segment.path) if kind == SETTLED]


def unfinished(segments: list[Segment]) -> list[Entry]:
    """What a dead process left: its settled entries, and its streams cut short."""
    settled: dict[str, Entry] = {}
    opened: dict[str, Entry] = {}
    for segment in segments:
        for kind, entry in read(segment.path):
            kept = settled if kind == SETTLED else opened
            kept[entry.request.id] = entry
    cut_short = (entry for key, entry in opened.items() if key not in settled)
    return [*settled.values(), *cut_short]


def _parse(line: bytes) -> tuple[bytes, Entry]:
    kind, checksum, payload = line[:1], line[1:9], line[10:].rstrip(b"\n")
    if kind not in {SETTLED, OPENED} or not line.endswith(b"\n"):
        raise ValueError("it is torn")
    if b"%08x" % crc32(payload) != checksum:
        raise ValueError("its checksum is wrong")
    return kind, _decode(payload)


def _take_over(path: Path) -> Segment | None:
    try:
        fd = os.open(path, os.O_RDWR)
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(fd)
        return None
    if not os.fstat(fd).st_nlink:
        # Its process shipped it and removed it between our two calls.
        os.close(fd)
        return None
    return Segment(path, fd, is_closed=True)
