"""Tells whoever counts that a case was judged or a scan was read; a service that counts nothing tells nobody."""

from collections.abc import Callable, Mapping
from typing import Any

Observer = Callable[[Mapping[str, Any]], None]

on_triage: list[Observer] = []
on_reading: list[Observer] = []


def judged(answer: Mapping[str, Any]) -> None:
    """Tell of an answer."""
    for observe in on_triage:
        observe(answer)


def read(reading: Mapping[str, Any]) -> None:
    """Tell of a reading of a scan, scored or refused."""
    for observe in on_reading:
        observe(reading)
