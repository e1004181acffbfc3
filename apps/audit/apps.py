"""Audit: who did what to what, when, from where, before and after."""

from django.apps import AppConfig


class AuditConfig(AppConfig):
    name = "apps.audit"
