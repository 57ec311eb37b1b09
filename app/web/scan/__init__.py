"""The CT beside the case: sent, read, and compared with what the reader saw."""
