"""Our own int8 engine for dense decoders on a CPU, and int8 linear layers for vision towers.

Weights are int8 with a scale per output channel, activations are quantized as they come with a scale per token
(W8A8 dynamic). Read it in this order: `linear` (one layer of weights), `shape` (which decoders it runs), `weights`
(a decoder of transformers becomes int8 tensors), `memory` (keys and values), `network` (the layers), `model` (saved
and loaded), `decoder` (what a reader sees), `vision` (towers).
"""
