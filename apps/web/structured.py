"""What search engines read of the public pages: schema.org facts as JSON-LD."""

from collections.abc import Iterable
from typing import Any

from django.conf import settings
from django.urls import reverse

from apps.accounts.models import Plan

type Facts = dict[str, Any]


def product_facts() -> Facts:
    return {
        **_application("ModelOptix", "web:home"),
        "description": (
            "Measures what AI features cost, recommends cheaper models that do the"
            " job, checks them on your prompts, switches, and proves the savings."
        ),
    }


def calculator_facts() -> Facts:
    return {
        **_application("AI model cost calculator", "web:calculator"),
        "isAccessibleForFree": True,
        "description": "What a month costs on any model, at live list prices.",
    }


def plan_facts(plans: Iterable[Plan]) -> Facts:
    """The plans as offers; one without a price is not listed."""
    offers = [
        {
            "@type": "Offer",
            "name": plan.name,
            "price": f"{plan.usd_billed_monthly:f}",
            "priceCurrency": "USD",
            "description": "A month, billed monthly",
        }
        for plan in plans
        if plan.usd_billed_monthly is not None
    ]
    return {**_application("ModelOptix", "web:pricing"), "offers": offers}


def _application(name: str, page: str) -> Facts:
    return {
        "@context": "https://schema.org",
        "@type": "SoftwareApplication",
        "name": name,
        "applicationCategory": "DeveloperApplication",
        "operatingSystem": "Any",
        "url": settings.SITE_URL + reverse(page),
    }
