"""What a provider's protocol cannot say: noted, or refused where nothing may change."""

from apps.providers.errors import UnsupportedError
from apps.providers.wire import ChatRequest


def dropped(request: ChatRequest, *names: str) -> None:
    """Note parameters that were left out."""
    for name in names:
        noted(request, f"dropped:{name}")


def noted(request: ChatRequest, note: str) -> None:
    """Note a change; raises UnsupportedError where the caller allows none."""
    if request.is_strict:
        what, _, name = note.partition(":")
        raise UnsupportedError(f"{name} would have to be {what} for this provider")
    if note not in request.notes:
        request.notes.append(note)
