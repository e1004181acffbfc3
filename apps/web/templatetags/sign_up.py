"""Whether an account can be opened by anyone, for the pages that invite to it."""

from dataclasses import dataclass

from django import template
from django.conf import settings

register = template.Library()


@dataclass(frozen=True)
class SignUp:
    """How one comes in: by oneself, or by way of the waitlist."""

    is_open: bool


@register.simple_tag
def sign_up_state() -> SignUp:
    return SignUp(is_open=settings.SIGN_UP == "open")
