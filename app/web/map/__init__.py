"""The brain map: drawn from the atlas, and said in words."""
