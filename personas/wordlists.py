"""Word lists written as running text."""


def word_set(text: str) -> frozenset[str]:
    """Return the words of a text that is a list."""
    return frozenset(text.split())


def longest_first(text: str) -> tuple[str, ...]:
    """Return the words of a text that is a list, the longest first."""
    return tuple(sorted(word_set(text), key=lambda word: (-len(word), word)))
