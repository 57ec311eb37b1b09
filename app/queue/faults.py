"""Faults of this software as the log may tell them: kind and place, without the message, which may quote a patient."""

import traceback
from pathlib import Path


def told_without_message(error: BaseException) -> str:
    """The kind of the exception and the lines that led to it, the innermost first."""
    frames = traceback.extract_tb(error.__traceback__)
    places = [f"{Path(frame.filename).name}:{frame.lineno} {frame.name}" for frame in reversed(frames)]
    return f"{type(error).__name__} at {' < '.join(places)}"
