from importlib import import_module

from django.apps import AppConfig


class RouterConfig(AppConfig):
    name = "apps.router"
    label = "router"

    def ready(self) -> None:
        # The catalog stands below and cannot ask for what our traffic measured.
        measured = import_module("apps.router.measured")
        import_module("apps.catalog.measurements").register(measured.measure)
