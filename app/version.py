"""The one place that states the software version."""

__version__ = "0.1.0"
