"""The pages in the language of the reader."""
