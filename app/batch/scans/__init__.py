"""Folders of scans, read one by one, on one machine or many."""
