"""The LLaVA-UHD family in torch: one vision tower, bridges to choose from, any causal language model.

Read it in this order: `config` (what a model is made of), `processing` (a page becomes views and token ids),
`schema` (where each view stands in the sequence), `vision` (a view becomes patch features), `bridges` (patch features
become visual tokens), `model` (visual tokens take their places among the words), `checkpoints` (published weights).
"""
