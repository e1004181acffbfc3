"""Put another gateway beside ours: LiteLLM's proxy, installed into a scratch folder.

It is its best case: no database, one worker, prices known to it beforehand. Nothing
of it is imported here, and where it cannot be installed the run goes on without it.
"""

import subprocess
import sys
import venv
from pathlib import Path
from typing import Final

from bench.cases import MODELS
from bench.database import plain_environment

# What its figures in docs/benchmarks.md were measured with.
LITELLM: Final = "litellm[proxy]==1.106.2"
INSTALL_S: Final = 900
KEY: Final = "sk-bench"
_MODEL: Final = """\
  - model_name: {name}
    litellm_params: {{model: openai/{name}, api_base: "{upstream}", api_key: none}}
    model_info: {{base_model: gpt-4o-mini}}
"""
_CONFIG: Final = """\
model_list:
{models}litellm_settings:
  telemetry: false
general_settings:
  master_key: {key}
"""


def install_litellm(home: Path) -> Path | None:
    """The folder of its programs; None where no package can be had."""
    folder = home / "litellm"
    try:
        venv.create(folder, with_pip=True)
        subprocess.run(
            [folder / "bin" / "python", "-m", "pip", "install", "-q", LITELLM],
            env=plain_environment(),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            timeout=INSTALL_S,
            check=True,
        )
    except (OSError, subprocess.SubprocessError) as problem:
        words = getattr(problem, "stderr", None) or str(problem).encode()
        last = words.decode(errors="replace").strip().splitlines()[-1:]
        print(f"bench: without LiteLLM: {' '.join(last)}", file=sys.stderr)
        return None
    return folder / "bin"


def litellm_command(
    programs: Path, *, home: Path, upstream: str, port: int
) -> list[str]:
    """Its command line, with the configuration written to `home`."""
    models = "".join(_MODEL.format(name=name, upstream=upstream) for name in MODELS)
    config = home / "litellm.yaml"
    config.write_text(_CONFIG.format(models=models, key=KEY))
    return [
        *(str(programs / "litellm"), "--config", str(config)),
        *("--host", "127.0.0.1", "--port", str(port), "--num_workers", "1"),
    ]


# Its own price list instead of one from the network, and no debug output.
ENVIRONMENT: Final = {
    "LITELLM_LOCAL_MODEL_COST_MAP": "True",
    "LITELLM_MODE": "PRODUCTION",
    "LITELLM_LOG": "ERROR",
}
