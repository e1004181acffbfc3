"""Commands to copy."""

from django import template
from django.conf import settings

register = template.Library()


@register.simple_tag
def first_curl(key: str = "$MODELOPTIX_KEY") -> str:
    """A first request, whole: nothing to fill in but the key, if none is given."""
    return (
        f"curl {settings.SITE_URL}/v1/chat \\\n"
        f'  -H "Authorization: Bearer {key}" \\\n'
        '  -H "Content-Type: application/json" \\\n'
        '  -d \'{"messages": [{"role": "user", "content": "Say hello in one word."}]}\''
    )
