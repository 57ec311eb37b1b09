"""Readers compared with one another and with the truth."""
