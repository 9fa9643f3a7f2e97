"""Our own int8 engine for dense decoders on a CPU, and int8 linear layers for vision towers.

Weights are int8 with a scale per output channel, activations are quantized as they come with a scale per token
(W8A8 dynamic); answers can be written with weights of 4 bits beside them. Read it in this order: `shape` (which
decoders it runs), `weights` (a decoder of transformers becomes int8 tensors), `nibbles` (and 4-bit ones), `writer` and
`graph` (what onnxruntime computes with them), `memory` (keys and values), `network` (the graphs, run), `model` (saved
and loaded), `decoder` (what a reader sees); `linear` and `vision` (towers, whose layers stay torch's).
"""
