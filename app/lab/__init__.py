"""The slicing lab: every published policy on the page that is shown, two of them side by side, and what a model saw."""
