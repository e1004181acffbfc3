"""What anyone sees: the landing page, the calculator, prices of the plans.

`web/home.html` takes what `web/calculator.html` does, and `study` (CaseStudy),
`plans`, `size`. `web/calculator.html` takes `form` (CalculatorForm), `calculation`
(Calculation or None), `share_url`, `embed_code`; `web/pricing.html` takes `plans`.
"""

from typing import Any, Final
from urllib.parse import urlencode

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.clickjacking import xframe_options_exempt
from django.views.decorators.csp import csp_override
from django.views.decorators.http import require_safe

from apps.accounts.models import Plan
from apps.catalog.caching import publicly_cached
from apps.web import cards, structured
from apps.web.calculator import Question
from apps.web.calculator_form import CalculatorForm
from apps.web.calculator_queries import Shelf, shelf
from apps.web.queries import catalog_size

# The calculator in a frame shows nobody's data and changes nothing.
EMBED_CSP: Final[dict[str, Any]] = {**settings.SECURE_CSP, "frame-ancestors": ["*"]}
ROBOTS: Final = """User-agent: *
Disallow: /admin/
Disallow: /api/
Disallow: /v1/
Disallow: /calculator/embed/

Sitemap: {site_url}{sitemap}
"""


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """What the product is, for whoever is not signed in."""
    if request.user.is_authenticated:
        return redirect("web:dashboard")
    now = shelf()
    context = {
        **_asked(request, now),
        "study": now.case_study,
        "plans": list(Plan.objects.all()),
        "size": catalog_size(),
        "facts": structured.product_facts(),
        "is_short": True,
    }
    return render(request, "web/home.html", context)


@require_safe
@publicly_cached
def calculator(request: HttpRequest) -> HttpResponse:
    """What another model would cost; kept whole in the address."""
    return _calculator(request, "web/calculator.html")


@require_safe
@publicly_cached
@xframe_options_exempt
@csp_override(EMBED_CSP)
def embedded(request: HttpRequest) -> HttpResponse:
    """The same for other people's pages, without anybody's session in it."""
    return _calculator(request, "web/calculator_embed.html")


def _calculator(request: HttpRequest, page: str) -> HttpResponse:
    context = _asked(request, shelf())
    if request.headers.get("HX-Target") == "calculation":
        page = "web/calculation.html"
        before = request.GET.get("filled_for", "")
        context["is_swap"] = before not in {"", context["form"].kind.slug}
        context["is_short"] = "short" in request.GET
    form = context["form"]
    # Without any price there is no right answer to ask for.
    status = 422 if form.errors and form.listed else 200
    response = render(request, page, context, status=status)
    response["Vary"] = "HX-Target"
    return response


def _asked(request: HttpRequest, now: Shelf) -> dict[str, Any]:
    form = CalculatorForm(request.GET, now.models)
    question = form.question() if form.is_valid() else None
    address = reverse("web:calculator")
    state = urlencode(asked_in(question)) if question else ""
    return {
        "form": form,
        "calculation": now.ask(question) if question else None,
        "share_url": f"{settings.SITE_URL}{address}?{state}",
        "embed_code": _frame(f"{reverse('web:calculator-embed')}?{state}"),
        "state": state,
        "action": request.path if "calculator" in request.path else address,
        "facts": structured.calculator_facts(),
    }


def _frame(address: str) -> str:
    return (
        f'<iframe src="{settings.SITE_URL}{address}" title="AI model cost calculator"'
        ' width="100%" height="760" loading="lazy"></iframe>'
    )


def asked_in(question: Question) -> dict[str, object]:
    """The address's query that asks the same again."""
    return {
        "use_case": question.kind.slug,
        "model": question.model,
        "calls": question.calls,
        "input": question.input_tokens,
        "output": question.output_tokens,
        "cached": int(question.cached_share * 100),
        "quality": question.quality_need,
    }


@require_safe
@publicly_cached
def pricing(request: HttpRequest) -> HttpResponse:
    """What each plan costs and has room for."""
    plans = list(Plan.objects.all())
    context = {"plans": plans, "facts": structured.plan_facts(plans)}
    return render(request, "web/pricing.html", context)


@require_safe
@publicly_cached
def card(request: HttpRequest, name: str) -> HttpResponse:
    """The picture that a link to a page is shown with."""
    if name not in cards.NAMED:
        raise Http404
    drawn = cards.NAMED[name]
    if name == "calculator" and request.GET:
        form = CalculatorForm(request.GET, shelf().models)
        found = shelf().ask(form.question()) if form.is_valid() else None
        drawn = cards.of_calculation(found)
    return HttpResponse(cards.draw(drawn), content_type="image/png")


@require_safe
@publicly_cached
def robots(request: HttpRequest) -> HttpResponse:
    """What crawlers should leave alone, and where the sitemap is."""
    text = ROBOTS.format(site_url=settings.SITE_URL, sitemap=reverse("sitemap"))
    return HttpResponse(text, content_type="text/plain; charset=utf-8")
