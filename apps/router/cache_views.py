"""The page of stored answers: how many, what they saved, who may ask for them.

`router/cache.html` takes `stock`, `saved` (the sums of 30 days), `aliases` (name and
seconds), `keys` (key and seconds) and `can_manage`.
"""

from datetime import timedelta
from uuid import UUID

import redis
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.accounts.authentication import Allowed
from apps.accounts.http import OrgRequest
from apps.accounts.queries import list_keys
from apps.accounts.roles import may, role_required
from apps.kit.clock import utc_now
from apps.kit.errors import NoModelAvailableError, ValidationError
from apps.router import cache_services, queries
from apps.router.alias_models import Alias
from apps.router.cache_models import KeyCache
from apps.router.engine.rules import read_rules
from apps.router.experiment_api import CONTROL_PLANE, SCOPE
from apps.router.experiment_serializers import CacheSerializer, ClearedSerializer

SHOWN = timedelta(days=30)


class CacheView(APIView):
    """`/api/v1/cache`: what is stored, and forget it."""

    authentication_classes = CONTROL_PLANE
    permission_classes = (Allowed,)
    key_scope = SCOPE
    actions = {"GET": "aliases.read", "DELETE": "policy.manage"}

    @extend_schema(operation_id="read_cache", responses=CacheSerializer)
    def get(self, request: Request) -> Response:
        return Response(CacheSerializer(cache_services.stock()).data)

    @extend_schema(
        operation_id="clear_cache",
        parameters=[OpenApiParameter("alias", str, description="Of this alias only.")],
        responses=ClearedSerializer,
    )
    def delete(self, request: Request) -> Response:
        """Forget stored answers: all of them, or those of one alias."""
        cleared = _clear(request.query_params.get("alias"))
        return Response({"cleared": cleared})


@login_required
@require_GET
@role_required("aliases.read")
def cache(request: OrgRequest) -> HttpResponse:
    """What is stored, and what that saved."""
    now = utc_now()
    times = {row.key_id: row.ttl_s for row in KeyCache.objects.all()}
    keys = [key for key in list_keys() if key.revoked_at is None]
    context = {
        "stock": cache_services.stock(),
        "saved": queries.usage(now - SHOWN, now),
        "aliases": [(a.name, read_rules(a.rules)) for a in Alias.objects.all()],
        "keys": [(key, times.get(key.id, 0)) for key in keys],
        "can_manage": may(request.membership.role, "policy.manage"),
    }
    return render(request, "router/cache.html", context)


@login_required
@require_POST
@role_required("policy.manage")
def clear_cache(request: OrgRequest) -> HttpResponse:
    """Forget the answers of one alias, or all."""
    alias = request.POST.get("alias")
    try:
        cleared = _clear(alias)
    except NoModelAvailableError as problem:
        messages.error(request, problem.message)
    else:
        messages.success(request, f"{cleared} stored answers are forgotten.")
    return redirect("router:cache")


@login_required
@require_POST
@role_required("policy.manage")
def cache_key(request: OrgRequest, key_id: UUID) -> HttpResponse:
    """Set for how many seconds a key's answers are given again."""
    text = request.POST.get("ttl_s", "").strip() or "0"
    try:
        if not text.isdecimal():
            raise ValidationError("A number of seconds, or nothing.")
        cache_services.remember_key(key_id, int(text))
    except ValidationError as problem:
        messages.error(request, problem.message)
    else:
        messages.success(request, "It holds from the next request on.")
    return redirect("router:cache")


def _clear(alias: str | None) -> int:
    try:
        return cache_services.clear(alias)
    except (redis.RedisError, OSError) as problem:
        raise NoModelAvailableError(
            "The cache cannot be reached; try again.", retry_after_s=1
        ) from problem
