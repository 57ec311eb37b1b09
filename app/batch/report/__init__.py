"""Reports that need no network: one description, written as HTML and as PDF."""
