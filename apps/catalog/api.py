"""The catalog for programs: public, read-only, paged. `/api/v1/catalog/…`."""

from typing import Any, ClassVar, Final

from django import forms
from django.conf import settings
from django.db.models import Model, Prefetch, Q, QuerySet
from django.utils.cache import patch_cache_control
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer
from rest_framework.views import APIView

from apps.catalog.caching import KEEP_S, STALE_S
from apps.catalog.forms import ModelFilterForm
from apps.catalog.models import AIModel, ModelChange, Offer, Price
from apps.catalog.queries.changes import TOPICS, public_changes
from apps.catalog.queries.listing import list_models
from apps.catalog.serializers import (
    CatalogModelSerializer,
    CatalogOfferSerializer,
    ChangePage,
    ChangeSerializer,
    ModelPage,
    OfferPage,
)
from apps.kit.clock import utc_now
from apps.kit.errors import ValidationError

MOST: Final = 500
USUAL: Final = 100
PAGING: Final = (
    OpenApiParameter("limit", int, description=f"1 to {MOST}; {USUAL} without it."),
    OpenApiParameter("offset", int, description="How many rows to skip."),
)


class PagingForm(forms.Form):
    """How many rows, from where."""

    limit = forms.IntegerField(required=False, min_value=1, max_value=MOST)
    offset = forms.IntegerField(required=False, min_value=0, max_value=1_000_000)


class OfferFilterForm(forms.Form):
    model = forms.CharField(required=False, max_length=160)
    provider = forms.SlugField(required=False, max_length=64)
    available = forms.NullBooleanField(required=False)


class ChangeFilterForm(forms.Form):
    topic = forms.ChoiceField(required=False, choices=[(t, t) for t in TOPICS])
    model = forms.CharField(required=False, max_length=160)
    since = forms.DateTimeField(required=False)


class _Listing[M: Model](APIView):
    """A list anyone may read; a filter that is not understood is refused by name."""

    authentication_classes = ()
    permission_classes = (AllowAny,)
    form: ClassVar[type[forms.Form]]
    serializer: ClassVar[type[BaseSerializer[Any]]]

    def rows(self, form: Any) -> QuerySet[M]:
        raise NotImplementedError

    def answer(self, request: Request) -> Response:
        asked = _checked(self.form(request.query_params))
        paging = _checked(PagingForm(request.query_params)).cleaned_data
        _refuse_unknown(request, self.form)
        limit, offset = paging["limit"] or USUAL, paging["offset"] or 0
        rows = self.rows(asked)
        total = rows.count()
        page = self.serializer(rows[offset : offset + limit], many=True)
        body = {
            "data": page.data,
            "total_count": total,
            "next": _next(request, limit, offset) if offset + limit < total else None,
        }
        response = Response(body)
        patch_cache_control(
            response, public=True, max_age=KEEP_S, stale_while_revalidate=STALE_S
        )
        return response


def _checked[F: forms.Form](form: F) -> F:
    if not form.is_valid():
        field, problems = next(iter(form.errors.items()))
        raise ValidationError(f"{field}: {problems[0]}", param=str(field))
    return form


def _refuse_unknown(request: Request, form: type[forms.Form]) -> None:
    """A misspelt filter would quietly return everything."""
    known = {*form.base_fields, *PagingForm.base_fields}
    for name in request.query_params:
        if name not in known:
            hint = ", ".join(sorted(known))
            raise ValidationError(
                f"There is no filter {name!r}; known are {hint}.", param=name
            )


def _next(request: Request, limit: int, offset: int) -> str:
    query = request.query_params.copy()
    query["limit"], query["offset"] = str(limit), str(offset + limit)
    return f"{settings.SITE_URL}{request.path}?{query.urlencode()}"


class ModelsView(_Listing[AIModel]):
    """`/api/v1/catalog/models`."""

    form = ModelFilterForm
    serializer = CatalogModelSerializer

    @extend_schema(
        operation_id="list_catalog_models",
        auth=[],
        parameters=[
            OpenApiParameter("q", str, description="Words of the name or of an id."),
            OpenApiParameter("provider", str, description="Slug of who serves it."),
            OpenApiParameter("kind", str, enum=[k.value for k in AIModel.Kind]),
            OpenApiParameter("capability", str, many=True),
            OpenApiParameter(
                "modality", str, description="`image`; `>image` for makers."
            ),
            OpenApiParameter("tier", str, enum=["A", "B", "C"]),
            OpenApiParameter("context", int, description="Tokens, at least."),
            OpenApiParameter("price", str, description="USD per 1M input, at most."),
            OpenApiParameter("status", str, enum=["active", "deprecated", "gone"]),
            OpenApiParameter("sort", str, description="As on the page: `-released`."),
            *PAGING,
        ],
        responses=ModelPage,
    )
    def get(self, request: Request) -> Response:
        """Models with their headline prices, as the public list shows them."""
        return self.answer(request)

    def rows(self, form: ModelFilterForm) -> QuerySet[AIModel]:
        models = list_models(form.wanted()).defer(None)
        return models.select_related("headline", "successor")


class OffersView(_Listing[Offer]):
    """`/api/v1/catalog/offers`."""

    form = OfferFilterForm
    serializer = CatalogOfferSerializer

    @extend_schema(
        operation_id="list_catalog_offers",
        auth=[],
        parameters=[
            OpenApiParameter("model", str, description="Slug, such as `openai/gpt-5`."),
            OpenApiParameter("provider", str, description="Slug of whom one calls."),
            OpenApiParameter("available", bool),
            *PAGING,
        ],
        responses=OfferPage,
    )
    def get(self, request: Request) -> Response:
        """Offers with their prices in force and announced, and their parameters."""
        return self.answer(request)

    def rows(self, form: OfferFilterForm) -> QuerySet[Offer]:
        asked = form.cleaned_data
        offers = Offer.objects.all()
        if asked["model"]:
            offers = offers.filter(ai_model__slug=asked["model"])
        if asked["provider"]:
            offers = offers.filter(provider__slug=asked["provider"])
        if asked["available"] is not None:
            offers = offers.filter(is_available=asked["available"])
        current = Price.objects.filter(
            Q(valid_until=None) | Q(valid_until__gt=utc_now())
        ).order_by("component", "service_tier", "above_prompt_tokens", "valid_from")
        return (
            offers.select_related("ai_model", "provider", "served_by")
            .prefetch_related(Prefetch("prices", queryset=current), "parameters")
            .order_by("ai_model__slug", "provider__slug", "id")
        )


class ChangesView(_Listing[ModelChange]):
    """`/api/v1/catalog/changes`."""

    form = ChangeFilterForm
    serializer = ChangeSerializer

    @extend_schema(
        operation_id="list_catalog_changes",
        auth=[],
        parameters=[
            OpenApiParameter("topic", str, enum=[t for t in TOPICS if t]),
            OpenApiParameter("model", str, description="Slug of one model."),
            OpenApiParameter("since", str, description="Date and time, ISO 8601."),
            *PAGING,
        ],
        responses=ChangePage,
    )
    def get(self, request: Request) -> Response:
        """What changed, the newest first."""
        return self.answer(request)

    def rows(self, form: ChangeFilterForm) -> QuerySet[ModelChange]:
        asked = form.cleaned_data
        changes = public_changes(asked["topic"], asked["model"])
        return changes.filter(at__gte=asked["since"]) if asked["since"] else changes
