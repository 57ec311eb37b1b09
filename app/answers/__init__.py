"""The answer to a case: its parts as plain values, as JSON text, as a note for the terminal, as documented schemas."""
