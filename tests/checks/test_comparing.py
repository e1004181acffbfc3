"""From answers, votes and judgements to findings."""

from apps.checks.blinding import SIDES, choice_of, is_flipped, side_of
from apps.checks.cells import Asked, Cell, Work, calls_of
from apps.checks.comparing import Material, Seen, compare
from apps.checks.evidence import leading
from apps.kit.ids import uuid7
from tests.checks.evidence import make_evidence


def answers(prompts: int) -> list[Seen]:
    return [
        Seen(seat, at, is_given=True, output_tokens=10 * (seat + 1))
        for at in range(prompts)
        for seat in (0, 1)
    ]


def test_a_judge_that_likes_the_first_has_no_consistency_and_no_verdict() -> None:
    said = {(1, at): {False: "first", True: "first"} for at in range(40)}

    (found,) = compare(Material(answers(40), (), said), margin=0.15)

    assert (found.ties, found.consistency, found.finding.verdict) == (40, 0.0, "")


def test_pairs_with_an_unclear_order_are_left_out() -> None:
    said = {
        (1, 0): {False: "second", True: "first"},
        (1, 1): {False: "", True: "first"},
    }

    (found,) = compare(Material(answers(2), (), said), margin=0.15)

    assert (found.wins, found.finding.net.pairs, found.consistency) == (1, 1, 1.0)


def test_several_votes_on_a_pair_are_one_prompt() -> None:
    votes = [((1, 0), "win"), ((1, 0), "win"), ((1, 0), "loss"), ((1, 1), "neither")]

    (found,) = compare(Material(answers(2), votes), margin=0.15)

    assert (found.wins, found.losses, found.ties) == (1, 0, 1)


def test_criteria_compare_who_met_them_all_and_leave_out_what_failed() -> None:
    seen = [
        Seen(0, 0, is_given=True, passes=[True, True]),
        Seen(1, 0, is_given=True, passes=[True, False]),
        Seen(0, 1, is_given=True, passes=[True, True]),
        Seen(1, 1, is_given=False),
        Seen(0, 2, is_given=True, passes=[None, True]),
        Seen(1, 2, is_given=True, passes=[True, True]),
    ]

    (found,) = compare(Material(seen), margin=0.15)

    assert (found.method, found.losses, found.finding.net.pairs) == ("criteria", 1, 1)


def test_output_ratio_is_of_tokens_both_wrote() -> None:
    votes = [((1, 0), "tie")]

    (found,) = compare(Material(answers(3), votes), margin=0.15)

    assert found.output_ratio == 2.0


def test_a_certain_loss_leads_before_any_other_verdict() -> None:
    by_judge = make_evidence(method="judge", verdict="worse")
    by_votes = make_evidence(method="votes", verdict="not_worse")
    silent = make_evidence(method="criteria", verdict="")

    assert leading([silent, by_votes, by_judge]) is by_judge
    assert leading([silent, by_votes]) is by_votes
    assert leading([]) is None


def test_order_of_a_pair_is_by_the_seed_and_votes_find_their_way_back() -> None:
    orders = {is_flipped(7, 1, at) for at in range(50)}

    assert orders == {True, False}
    for flipped in orders:
        for side in SIDES:
            assert side_of(choice_of(side, flipped=flipped), flipped=flipped) == side
    assert choice_of("a", flipped=True) == "win"


def test_what_is_answered_is_not_asked_again() -> None:
    work = Work(
        uuid7(), uuid7(), 1, ["a", "b"], [Asked([]), Asked([])], judge_model="judge"
    )
    work.answers = {(0, 0): "Yes", (1, 0): "No", (0, 1): None}
    work.judged = {Cell(1, 0, is_judged=True, is_swapped=False)}

    assert list(work.to_answer()) == [Cell(1, 1)]
    assert list(work.to_judge()) == [Cell(1, 0, is_judged=True, is_swapped=True)]
    assert work.shown(Cell(1, 0, is_judged=True, is_swapped=True)) == ("No", "Yes")


def test_calls_are_counted_with_both_orders_of_the_judge() -> None:
    assert calls_of(3, 50, has_judge=True) == 150 + 200
