"""imaging measures: reads a head CT and says what it sees in each ASPECTS region; it never says who is eligible."""

import os
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from imaging.reading import read_ct

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
"""Matrices here are a few columns wide: a second thread only waits for the first, a third of all processor time. Must
stand before numpy is loaded; whoever sets it otherwise is obeyed."""

__all__ = ["read_ct"]


def __getattr__(name: str) -> Any:
    """Load the readers when they are first asked for: words such as refusal codes must not cost numpy and scipy."""
    if name == "read_ct":
        from imaging.reading import read_ct  # noqa: PLC0415 -- see above

        return read_ct
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
