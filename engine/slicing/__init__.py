"""Slicing policies: pure functions from a page size to the slice plan, its cost and its spans."""
