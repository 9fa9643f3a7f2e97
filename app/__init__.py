"""The Tessera window: looks, models of the views, and actions. It speaks to the engine through engine.service."""
