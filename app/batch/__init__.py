"""Tables of cases and folders of scans, judged by the rules that judge one patient."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from app.batch.tables.frame import triage_frame

__all__ = ["triage_frame"]


def __getattr__(name: str) -> Any:
    """Import what is public when it is asked for: reading scans needs no data frames."""
    if name == "triage_frame":
        from app.batch.tables.frame import triage_frame  # noqa: PLC0415 -- Polars is loaded only by those who judge frames

        return triage_frame
    raise AttributeError(name)
