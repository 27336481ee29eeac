"""What posts are in a few words, as it is stored beside them."""

from collections.abc import Mapping
from typing import Any

from personas.summary import ContentType, PostSummary, SummarySource


def summary_of(stored: Mapping[str, Any] | None) -> PostSummary | None:
    """Read a summary; None where nobody has looked at the post."""
    if stored is None:
        return None
    return PostSummary(
        main_idea=stored["main_idea"],
        keywords=tuple(stored["keywords"]),
        tone=stored["tone"],
        content_type=ContentType(stored["content_type"]),
        language=stored["language"],
        source=SummarySource(stored["source"]),
    )
