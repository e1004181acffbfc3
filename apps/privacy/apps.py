"""Privacy: what of prompts is kept, taking everything along, and deletion."""

from django.apps import AppConfig


class PrivacyConfig(AppConfig):
    name = "apps.privacy"
