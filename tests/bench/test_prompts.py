"""The requests of a load: valid, of many lengths, no two alike."""

import json
from itertools import islice

from bench.http1 import HEAD_END, content_length
from bench.prompts import LONGEST, SHORTEST, Call, requests

CALL = Call(9000, "mx_live_x", "auto", "mock-d50", is_stream=True)


def test_no_two_requests_are_alike_across_runs() -> None:
    sent = [*islice(requests(CALL, 1), 2000), *islice(requests(CALL, 2), 2000)]

    assert len(set(sent)) == len(sent)


def test_requests_are_valid_and_of_many_lengths() -> None:
    lengths = []
    for request in islice(requests(CALL, 1), 600):
        head, _, body = request.partition(HEAD_END)
        assert content_length(head) == len(body)
        fields = json.loads(body)
        assert (fields["model"], fields["user"]) == ("auto", "mock-d50")
        lengths.append(len(fields["messages"][0]["content"]))

    assert min(lengths) < 2 * SHORTEST
    assert LONGEST / 2 < max(lengths) <= LONGEST


def test_same_seed_makes_the_same_requests() -> None:
    assert [*islice(requests(CALL, 3), 5)] == [*islice(requests(CALL, 3), 5)]
