"""What is watched is watched on both databases."""

from tests.app.store.databases import database_url, engine, hospital_settings, postgresql, writer

__all__ = ["database_url", "engine", "hospital_settings", "postgresql", "writer"]
