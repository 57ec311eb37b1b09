"""BIDS data sets: read like a folder of scans, with results laid down as BIDS derivatives."""
