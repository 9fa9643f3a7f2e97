"""Readers that run a sliced vision-language model, whichever it is."""
