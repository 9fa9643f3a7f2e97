"""Synthetic documents: seeded pages of words with true boxes, and questions whose answers are known."""

from engine.training.synth.generate import HELD_OUT_FAMILIES, TRAIN_FAMILIES, make_document
from engine.training.synth.types import SyntheticDocument, SyntheticQuestion

__all__ = ["HELD_OUT_FAMILIES", "TRAIN_FAMILIES", "SyntheticDocument", "SyntheticQuestion", "make_document"]
