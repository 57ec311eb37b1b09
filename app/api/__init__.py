"""The HTTP interface: one module for each kind of address, and the strict route that they share."""
