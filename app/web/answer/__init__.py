"""The answer in words: verdict, sources, what would change it, transfer, text for the record."""
