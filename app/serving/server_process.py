"""Makes the application inside each server process, ready to answer the first request as fast as the thousandth."""

import gc
from datetime import UTC, datetime

from fastapi import FastAPI

from app.main import create_app
from app.triage import triage_text
from scoring.case import Case


def make_app() -> FastAPI:
    """The application, with the rules compiled."""
    app = create_app()
    triage_text(Case(evaluated_at=datetime.now(UTC)))
    # What stands now stays until the process ends: the collector need not walk through it again and again.
    gc.collect()
    gc.freeze()
    return app
