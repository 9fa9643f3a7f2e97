"""Models that transformers carries itself, one small adapter file per family."""
