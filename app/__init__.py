"""The Tessera window: looks, models of the views, and actions. It speaks to the engine through engine.service."""

from app.constants_guard import keep_constants_alive

# Before any Qt object lives, whichever module of the window is imported first.
keep_constants_alive()
