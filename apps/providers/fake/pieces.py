"""Text cut as a stream would bring it."""


def pieces(text: str, count: int) -> list[str]:
    """The text in `count` pieces of about the same length."""
    size = max(1, -(-len(text) // max(1, count)))
    return [text[start : start + size] for start in range(0, len(text), size)]
