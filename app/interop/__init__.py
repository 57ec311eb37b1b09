"""Speaks with the other systems of a hospital, each in its own tongue."""
