"""A few shapes of SVG 1.1 (W3C), written as text; what they are given is escaped."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from xml.sax.saxutils import escape, quoteattr

FONT = "'Inter', 'Segoe UI', 'Helvetica Neue', 'DejaVu Sans', Arial, sans-serif"


@dataclass(frozen=True, slots=True)
class Sheet:
    """A picture of some size; shapes lie upon each other in the order in which they came."""

    width: int
    height: int
    shapes: list[str] = field(default_factory=list)

    def box(
        self, x: float, y: float, width: float, height: float, *, fill: str, tip: str = ""
    ) -> None:
        """Draw a rectangle; `tip` is told where the pointer rests."""
        self.shapes.append(
            f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" '
            f'fill="{fill}">{tipped(tip)}</rect>'
        )

    def dot(self, x: float, y: float, radius: float, fill: str, tip: str = "") -> None:
        """Draw a filled circle with a thin light edge, so that neighbours come apart."""
        self.shapes.append(
            f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{radius:.1f}" fill="{fill}" stroke="#fff" '
            f'stroke-width="0.6">{tipped(tip)}</circle>'
        )

    def line(self, start: tuple[float, float], end: tuple[float, float], stroke: str) -> None:
        """Draw a thin line."""
        (x1, y1), (x2, y2) = start, end
        self.shapes.append(
            f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="{stroke}"/>'
        )

    def words(
        self,
        x: float,
        y: float,
        text: str,
        *,
        size: int = 12,
        fill: str = "#374151",
        anchor: str = "start",
        bold: bool = False,
    ) -> None:
        """Write one line; `anchor` is where x stands: start, middle or end."""
        weight = ' font-weight="600"' if bold else ""
        self.shapes.append(
            f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" fill="{fill}" '
            f'text-anchor="{anchor}"{weight}>{escape(text)}</text>'
        )

    def written(self, title: str) -> str:
        """Return the file; the title is what screen readers say."""
        head = (
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{self.width}" height="{self.height}" '
            f'viewBox="0 0 {self.width} {self.height}" role="img" aria-label={quoteattr(title)} '
            f'font-family="{FONT}">'
        )
        ground = f'<rect width="{self.width}" height="{self.height}" fill="#ffffff"/>'
        return "\n".join([head, ground, *self.shapes, "</svg>"]) + "\n"


def tipped(tip: str) -> str:
    """Write what a pointer is told."""
    return f"<title>{escape(tip)}</title>" if tip else ""


def round_steps(most: int, steps: int = 4) -> Sequence[int]:
    """Return round numbers from 0 to at least `most`, a few of them."""
    size = next(one for one in step_sizes() if one * steps >= most)
    return range(0, size * (-(-max(most, 1) // size)) + 1, size)


def step_sizes() -> Iterator[int]:
    """Yield 1, 2, 5, 10, 20, 50 and so on."""
    power = 1
    while True:
        yield from (power, 2 * power, 5 * power)
        power *= 10
