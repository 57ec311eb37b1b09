"""Times: read as people write them, said so that nobody mistakes them, and counted down."""
