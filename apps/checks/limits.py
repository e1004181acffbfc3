"""The sizes of checks and prompt sets. Pure."""

from typing import Final

LEAST_MODELS: Final = 2
MOST_MODELS: Final = 4
MOST_PROMPTS: Final = 200
# What one answer may be at the most, and where nobody says.
MOST_TOKENS: Final = 16_384
USUAL_TOKENS: Final = 1_024
LONGEST_SYSTEM: Final = 20_000
MOST_CEILING_USD: Final = 1_000
# Each model has so long for each prompt.
TIMEOUT_S: Final = 60.0
