"""Mail: rendered from templates, handed to the outbox, sent by one backend."""

from django.apps import AppConfig


class MailConfig(AppConfig):
    name = "apps.mail"
