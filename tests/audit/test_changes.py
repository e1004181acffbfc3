from apps.audit.changes import Change, changes


def test_each_field_is_told_before_and_after() -> None:
    found = changes({"role": "member", "old": 1}, {"role": "admin", "new_one": 2})

    assert found == [
        Change("role", "member", "admin"),
        Change("old", "1", "–"),
        Change("new one", "–", "2"),
    ]


def test_values_are_put_into_words() -> None:
    after = {"a": True, "b": False, "c": ["x", "y"], "d": {"k": [1]}, "e": "", "f": 0}

    assert [c.after for c in changes(None, after)] == [
        "yes",
        "no",
        "x, y",
        '{"k": [1]}',
        "0",
    ]


def test_a_moment_is_told_to_the_minute() -> None:
    after = {"a": "2026-11-28T09:13:37.238Z", "b": "2026-11-28T09:13:37+00:00"}

    assert {c.after for c in changes(None, after)} == {"2026-11-28 09:13 UTC"}


def test_nothing_changed_nothing() -> None:
    assert changes(None, None) == []
