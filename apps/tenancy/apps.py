"""Tenancy: which organization is asking, and the two walls that hold it in."""

from importlib import import_module

from django.apps import AppConfig


class TenancyConfig(AppConfig):
    name = "apps.tenancy"

    def ready(self) -> None:
        # Importing it is what registers the checks; they need the loaded models.
        import_module("apps.tenancy.checks")
