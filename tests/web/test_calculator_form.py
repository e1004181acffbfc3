"""The calculator's address: everything has a usual value, and nonsense is named."""

from urllib.parse import urlencode

from django.http import QueryDict
from hypothesis import given
from hypothesis import strategies as st

from apps.portfolio.blueprints import BY_SLUG
from apps.web.calculator_form import COMMON, LEAST_CALLS, MOST_CALLS, CalculatorForm
from apps.web.public_views import asked_in

MODELS = (*COMMON, "zeta/last", "alpha/first")
NAMES = ("use_case", "model", "calls", "input", "output", "cached", "quality")


def _form(**query: object) -> CalculatorForm:
    return CalculatorForm(QueryDict(urlencode(query)), MODELS)


def test_an_empty_address_asks_the_usual_question() -> None:
    form = _form()

    assert form.is_valid()
    assert form.question().model == COMMON[0]
    assert form.question().kind is BY_SLUG["support-chatbot"]


def test_the_ten_common_models_come_first() -> None:
    (first, common), *others = _form().choices

    assert first == "Common"
    assert [slug for slug, _ in common] == list(COMMON)
    assert len(common) == 10
    assert [group for group, _ in others] == sorted(group for group, _ in others)


def test_another_use_case_brings_its_own_tokens() -> None:
    old, new = BY_SLUG["support-chatbot"], BY_SLUG["agent"]
    form = _form(
        use_case=new.slug,
        filled_for=old.slug,
        input=old.input_tokens,
        output=old.output_tokens,
    )

    assert form.is_valid()
    assert form.question().input_tokens == new.input_tokens
    assert form.question().output_tokens == new.output_tokens


def test_tokens_that_somebody_typed_stay() -> None:
    form = _form(use_case="agent", filled_for="support-chatbot", input=1234, output=56)

    assert form.is_valid()
    assert form.question().input_tokens == 1234
    assert form.question().output_tokens == 56


def test_what_makes_no_sense_is_named_field_by_field() -> None:
    form = _form(
        use_case="poetry",
        model="<script>",
        calls=5,
        input=-1,
        output="many",
        cached=101,
        quality="worst",
    )

    assert not form.is_valid()
    assert set(form.errors) == set(NAMES)
    assert "is not a model whose price we know" in form.errors["model"][0]


@given(
    st.dictionaries(
        st.sampled_from((*NAMES, "filled_for", "other")),
        st.one_of(st.text(max_size=300), st.integers().map(str), st.just("1e9")),
    )
)
def test_no_address_breaks_it(query: dict[str, str]) -> None:
    encoded = urlencode(query, errors="replace")
    form = CalculatorForm(QueryDict(encoded), MODELS)

    if form.is_valid():
        question = form.question()
        assert LEAST_CALLS <= question.calls <= MOST_CALLS
        assert 0 <= question.cached_share <= 1
    else:
        assert set(form.errors) <= set(NAMES)


@given(
    st.sampled_from(sorted(BY_SLUG)),
    st.sampled_from(MODELS),
    st.integers(LEAST_CALLS, MOST_CALLS),
    st.integers(1, 2_000_000),
    st.integers(1, 200_000),
    st.integers(0, 100),
)
def test_a_shared_address_asks_the_same_again(
    kind: str, model: str, calls: int, size: int, out: int, cached: int
) -> None:
    form = _form(
        use_case=kind, model=model, calls=calls, input=size, output=out, cached=cached
    )
    assert form.is_valid()
    question = form.question()

    again = _form(**asked_in(question))

    assert again.is_valid()
    assert again.question() == question
