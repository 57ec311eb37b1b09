"""Which part of the atlas's plane the maps show."""

VIEW = (-82, -90, 164, 210)
"""Left, front, width and height in mm; x grows to the patient's left, y to the back."""
