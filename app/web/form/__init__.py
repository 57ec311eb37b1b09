"""The form: which facts it asks for, and how it is read."""
