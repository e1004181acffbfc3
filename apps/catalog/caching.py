"""How long anyone may keep a public page, and how cheaply it is asked for again."""

from collections.abc import Callable
from functools import wraps
from typing import Any, cast

from django.http import HttpRequest, HttpResponse
from django.utils.cache import patch_cache_control
from django.views.decorators.http import conditional_page

# Prices move hourly at the most; a minute old is as good as new.
KEEP_S = 60
# While a newer copy is fetched, the old one may be shown for this long.
STALE_S = 600


def publicly_cached[V: Callable[..., HttpResponse]](view: V) -> V:
    """Let caches keep the page for visitors; whoever is signed in has their own."""

    @wraps(view)
    def cached(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        response = view(request, *args, **kwargs)
        if request.user.is_authenticated:
            patch_cache_control(response, private=True, no_cache=True)
        else:
            patch_cache_control(
                response, public=True, max_age=KEEP_S, stale_while_revalidate=STALE_S
            )
        return response

    return cast("V", conditional_page(cached))
