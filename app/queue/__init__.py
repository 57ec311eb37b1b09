"""Scans that wait to be read: kept, read by workers of their own, each ending in a reading or a named refusal."""
