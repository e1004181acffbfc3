"""A made-up OpenRouter on loopback: as many models and endpoints as are asked for.

Rows have the shape and the mixture of its real answers (size steps, discounts, free
and batch variants); names and prices are nobody's.
"""

import json
import random
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final

MODELS: Final = 400
ENDPOINTS: Final = 1300
_PARAMETERS: Final = (
    *("temperature", "top_p", "top_k", "max_tokens", "stop", "seed", "tools"),
    *("tool_choice", "response_format", "structured_outputs", "reasoning"),
    *("include_reasoning", "frequency_penalty", "presence_penalty", "logprobs"),
)
type Row = dict[str, Any]


class Market:
    """The bodies by path; `move` changes some prices, as a day does."""

    def __init__(self, models: int, endpoints: int) -> None:
        self._dice = random.Random(7)
        self.rows = [self._model(number) for number in range(models)]
        self.endpoints: dict[str, list[Row]] = {row["id"]: [] for row in self.rows}
        for number in range(endpoints):
            row = self.rows[number % models]
            self.endpoints[row["id"]].append(self._endpoint(row, number))

    def body(self, path: str) -> Row | None:
        plain = path.partition("?")[0].removeprefix("/api/v1/")
        if plain == "models":
            return {"data": self.rows, "total_count": len(self.rows)}
        if plain == "providers":
            slugs = sorted({e["tag"] for rows in self.endpoints.values() for e in rows})
            return {"data": [{"slug": slug, "name": slug.title()} for slug in slugs]}
        model_id = plain.removeprefix("models/").removesuffix("/endpoints")
        rows = self.endpoints.get(model_id)
        return None if rows is None else {"data": {"id": model_id, "endpoints": rows}}

    def move(self, share: float) -> None:
        """Change the price of that share of the rows by up to a third."""
        everything = [
            *self.rows,
            *(e for rows in self.endpoints.values() for e in rows),
        ]
        for row in self._dice.sample(everything, round(len(everything) * share)):
            factor = self._dice.uniform(0.7, 1.3)
            usd = float(row["pricing"]["prompt"]) * factor
            row["pricing"]["prompt"] = f"{usd:.12f}"

    def _model(self, number: int) -> Row:
        usd = self._dice.uniform(0.05, 15) / 1_000_000
        return {
            "id": f"maker-{number % 58}/model-{number}",
            "canonical_slug": f"maker-{number % 58}/model-{number}",
            "name": f"Maker {number % 58}: Model {number}",
            "created": 1_780_000_000 + number,
            "description": "A model that nobody ever trained. " * 6,
            "context_length": 262_144,
            "architecture": {
                "input_modalities": ["text", "image"],
                "output_modalities": ["text"],
                "tokenizer": "Other",
            },
            "pricing": self._pricing(usd, has_steps=number % 7 == 0),
            "top_provider": {
                "context_length": 262_144,
                "max_completion_tokens": 65_536,
            },
            "supported_parameters": self._dice.sample(_PARAMETERS, 11),
            "default_parameters": None,
            "knowledge_cutoff": "2026-01-01",
            "expiration_date": None,
        }

    def _endpoint(self, row: Row, number: int) -> Row:
        usd = float(row["pricing"]["prompt"]) * self._dice.uniform(1, 4)
        discount = 0.35 if number % 10 == 0 else 0
        pricing = self._pricing(usd, has_steps=number % 13 == 0)
        return {
            "name": f"endpoint {number}",
            "context_length": 262_144,
            "pricing": {**pricing, "discount": discount},
            "provider_name": f"Server {number % 61}",
            # No model has two endpoints at one server: 61 is prime to the models.
            "tag": f"server-{number % 61}",
            "quantization": "fp8",
            "max_completion_tokens": 65_536,
            "max_prompt_tokens": None,
            "supported_parameters": self._dice.sample(_PARAMETERS, 9),
            "status": 0,
            "uptime_last_1d": 99.9,
        }

    def _pricing(self, usd: float, *, has_steps: bool) -> Row:
        pricing: Row = {
            "prompt": f"{usd:.12f}",
            "completion": f"{4 * usd:.12f}",
            "input_cache_read": f"{usd / 10:.12f}",
            "web_search": "0.01",
        }
        if has_steps:
            step = {"prompt": f"{2 * usd:.12f}", "completion": f"{6 * usd:.12f}"}
            pricing["overrides"] = [{"min_prompt_tokens": 200_000, **step}]
        return pricing


class Server(ThreadingHTTPServer):
    """Says nothing of clients that close a connection which they kept."""

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Their next request comes over another connection."""


@contextmanager
def serving(market: Market) -> Iterator[str]:
    """Serve it on a port of its own; the address that `OPENROUTER_URL` takes."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            if self.path == "/move":
                market.move(0.05)
            body = market.body(self.path)
            data = json.dumps(body or {}).encode()
            self.send_response(200 if body or self.path == "/move" else 404)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *args: Any) -> None:
            """Say nothing: a line a request would be most of the output."""

    server = Server(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/api/v1"
    finally:
        server.shutdown()
        server.server_close()
