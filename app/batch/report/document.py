"""What a report consists of, whatever it is written as."""

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from matplotlib.figure import Figure

DOTS_PER_INCH = 150


@dataclass(frozen=True, slots=True)
class Heading:
    """Begins a part of the report."""

    kind: ClassVar = "heading"
    text: str


@dataclass(frozen=True, slots=True)
class Paragraph:
    """Running text."""

    kind: ClassVar = "paragraph"
    text: str


@dataclass(frozen=True, slots=True)
class DataTable:
    """A table whose cells are texts already; every row has the columns of the first."""

    kind: ClassVar = "table"
    caption: str
    rows: Sequence[Mapping[str, str]]
    texts: int = 1
    """Columns from the left that hold words; the others hold numbers."""


@dataclass(frozen=True, slots=True)
class Picture:
    """A figure, with its content in words for those who do not see it."""

    kind: ClassVar = "picture"
    caption: str
    alternative: str
    png: bytes


Block = Heading | Paragraph | DataTable | Picture


@dataclass(frozen=True, slots=True)
class Document:
    """A report from top to bottom."""

    title: str
    blocks: Sequence[Block]


def picture(figure: Figure, caption: str, alternative: str) -> Picture:
    """Draw a figure; the same figure gives the same bytes."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=DOTS_PER_INCH, metadata={"Software": None})
    return Picture(caption, alternative, buffer.getvalue())
