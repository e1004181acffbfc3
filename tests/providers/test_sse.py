from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from apps.providers.adapters import sse
from apps.providers.adapters.sse import EventSplitter
from apps.providers.errors import BadAnswerError

STREAM = (
    b": welcome\n\n"
    b'data: {"a":1}\n\n'
    b"event: named\ndata: x\n\n"
    b"data:no space\r\n\r\n"
    b": ping\r\n\r\n"
    b"data: first\rdata: second\r\r"
    b"id: 7\nretry: 10\ndata: third\n\n\n\n"
    b"ignored\n\n"
    b"data\n\n"
    b"data: last"
)
EVENTS = [
    (b"", b'{"a":1}'),
    (b"named", b"x"),
    (b"", b"no space"),
    (b"", b"first\nsecond"),
    (b"", b"third"),
    (b"", b""),
    (b"", b"last"),
]


def split(chunks: list[bytes]) -> list[sse.Event]:
    splitter = EventSplitter()
    events = [event for chunk in chunks for event in splitter.feed(chunk)]
    return events + splitter.finish()


def test_events_are_read_in_every_form_of_the_standard() -> None:
    assert split([STREAM]) == EVENTS


@settings(deadline=None)  # this machine may be busy
@given(st.lists(st.integers(0, len(STREAM))))
def test_cuts_anywhere_change_nothing(cuts: list[int]) -> None:
    edges = [0, *sorted(cuts), len(STREAM)]
    chunks = [STREAM[a:b] for a, b in pairwise(edges)]

    assert split(chunks) == EVENTS


def test_single_bytes_change_nothing() -> None:
    assert split([bytes([byte]) for byte in STREAM]) == EVENTS


def test_an_event_without_an_end_is_refused() -> None:
    splitter = EventSplitter()
    splitter.feed(b"a" * sse.MAX_EVENT_BYTES)

    with pytest.raises(BadAnswerError, match="does not end"):
        splitter.feed(b"a")
