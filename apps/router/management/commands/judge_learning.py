"""Judge now whether graded answers may choose (see docs/routing.md)."""

from argparse import ArgumentParser
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand

from apps.router import learning
from apps.tenancy.scope import scope, unscoped


class Command(BaseCommand):
    help = "Replay graded answers, of all organizations or of one."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--org", type=UUID, metavar="ID")

    def handle(self, *args: Any, **options: Any) -> None:
        orgs = [options["org"]] if options["org"] else _all()
        for org_id in orgs:
            with scope(org_id):
                learner = learning.judge_org()
            state = ", ".join(sorted(learner.rates)) or learner.why
            self.stdout.write(f"{org_id}: {learner.grades} grades; {state}")


def _all() -> list[UUID]:
    with unscoped("every organization that learns is judged"):
        return learning.due_orgs()
