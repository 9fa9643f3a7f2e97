"""Tessera-nano's language model: it points at visual tokens and spells what stands there, character by character."""
