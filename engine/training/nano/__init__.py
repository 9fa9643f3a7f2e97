"""Trains Tessera-nano: generated pages as its tower would read them, and the recipe on the training loop."""
