"""The embedded reader: answers questions from a page's words and their places, without a language model.

Read the modules in the order of the work: `text` (what a word is), `layout` (lines and blocks), `relations` (which
words may label which), `values` (typed spans), `sentences`, `candidates`, `index` (all of these for one page);
`question` (what is asked), `labels` (how fields are printed), `matching` and `features` (how well a candidate fits),
`rank`, `calibrate`; `pages`, `shapes`, `answering`, `reader`.
"""

from engine.readers.embedded.reader import EmbeddedReader

__all__ = ["EmbeddedReader"]
