"""Add a server of one's own, or a model or price to a provider that is known.

Loopback and private addresses are allowed here: whoever runs this command runs the
machine. Repeating it adds further models and changes prices from that moment on.
"""

import re
from argparse import ArgumentParser, ArgumentTypeError
from decimal import Decimal
from typing import Any
from urllib.parse import urlsplit

from django.core.management.base import BaseCommand, CommandError

from apps.catalog.models import Provider
from apps.catalog.services import OperatorOffer, UnknownProviderError, add_offer
from apps.kit.money import format_price, from_per_million

# Their place and price are the installation's own business.
_BUILT_IN = {"local", "echo"}


def provider_slug(text: str) -> str:
    if not re.fullmatch(r"[a-z0-9][a-z0-9-]{0,63}", text):
        raise ArgumentTypeError("use small letters, digits and hyphens, up to 64")
    if text in _BUILT_IN:
        raise ArgumentTypeError(f"{text!r} is built in; choose another name")
    return text


def base_url(text: str) -> str:
    try:
        parts = urlsplit(text)
        is_usable = parts.scheme in {"http", "https"} and bool(parts.hostname)
        _ = parts.port
    except ValueError as problem:
        raise ArgumentTypeError(f"{text!r}: {problem}") from problem
    if not is_usable or parts.query or parts.fragment:
        raise ArgumentTypeError(f"{text!r} is not like http://host:port/v1")
    if text.rstrip("/").endswith("/chat/completions"):
        raise ArgumentTypeError("leave /chat/completions out, it is added to each call")
    return text.rstrip("/")


def variable(text: str) -> str:
    if text and not re.fullmatch(r"[A-Z_][A-Z0-9_]{0,99}", text):
        raise ArgumentTypeError(
            f"{text!r} is not the name of a variable; the key itself stays out of here"
        )
    return text


def price(text: str) -> Decimal:
    try:
        usd = from_per_million(text)
    except ValueError as problem:
        raise ArgumentTypeError(str(problem)) from problem
    if usd is None:
        raise ArgumentTypeError("a price is not negative; leave it out if unknown")
    return usd


def model_id(text: str) -> str:
    if not re.fullmatch(r"[^\s]{1,150}", text):
        raise ArgumentTypeError("a model's id has 1 to 150 characters and no space")
    return text


def count(text: str) -> int:
    if not text.isdecimal() or not 0 < int(text) < 2**31:
        raise ArgumentTypeError(f"{text!r} is not a number of tokens")
    return int(text)


class Command(BaseCommand):
    help = "Add an OpenAI-compatible or Anthropic server, one of its models, a price."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("name", type=provider_slug)
        parser.add_argument("--base-url", type=base_url)
        parser.add_argument("--api-key-env", type=variable, metavar="VAR")
        parser.add_argument(
            "--model", type=model_id, required=True, metavar="ID", help="its id there"
        )
        parser.add_argument(
            "--input-price", type=price, metavar="USD", help="per million tokens"
        )
        parser.add_argument(
            "--output-price", type=price, metavar="USD", help="per million tokens"
        )
        parser.add_argument("--context", type=count, metavar="TOKENS")
        parser.add_argument("--protocol", choices=("openai", "anthropic"))

    def handle(self, *args: Any, **options: Any) -> None:
        if (options["input_price"] is None) != (options["output_price"] is None):
            raise CommandError("Give both prices, or neither if they are unknown.")
        new = OperatorOffer(
            provider=options["name"],
            model=options["model"],
            base_url=options["base_url"] or "",
            api_key_env=options["api_key_env"],
            protocol=options["protocol"],
            context_tokens=options["context"],
            input_usd=options["input_price"],
            output_usd=options["output_price"],
        )
        try:
            offer = add_offer(new)
        except UnknownProviderError as problem:
            raise CommandError(
                f"No provider is called {problem}; give its --base-url to add it."
            ) from problem
        self._report(offer.ai_model.slug, offer.provider, new)

    def _report(self, slug: str, provider: Provider, new: OperatorOffer) -> None:
        self.stdout.write(f"{slug} is served by {provider.slug} as {new.model}.")
        if new.input_usd is None:
            self.stdout.write("No price was given: what it had stays, else unknown.")
        else:
            self.stdout.write(
                f"Input {format_price(new.input_usd)}, "
                f"output {format_price(new.output_usd)}, from now on."
            )
        if provider.api_key_env:
            self.stdout.write(f"Its key is read from {provider.api_key_env}.")
