"""Send one mail at once and print what the mail server says."""

from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from apps.kit.ids import uuid7
from apps.mail.deliver import deliver
from apps.mail.sealed import seal
from apps.mail.services import one_line, render


class Command(BaseCommand):
    help = "Send a test mail without the outbox, to see whether mail is set up right."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("address")

    def handle(self, *args: Any, **options: Any) -> None:
        address = one_line(options["address"])
        content = seal(render("test", {"address": address}))
        try:
            deliver({"to": address, "sealed": content}, message_id=uuid7())
        except Exception as problem:
            raise CommandError(f"The mail was not taken: {problem}") from problem
        backend = settings.MAILERS["default"]["BACKEND"]
        self.stdout.write(f"The mail to {address} was taken by {backend}.")
