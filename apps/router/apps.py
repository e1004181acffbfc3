from django.apps import AppConfig


class RouterConfig(AppConfig):
    name = "apps.router"
    label = "router"
