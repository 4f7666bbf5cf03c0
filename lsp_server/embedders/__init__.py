"""Texts to vectors: the implementations of the `Embedder` seam.

`minilm` ships with the package and needs no network, `http` asks any
OpenAI-compatible endpoint, `hashing` needs nothing at all. What vectors are for
is not known here. An embedder raises ModelError. Sole importer of onnxruntime
and tokenizers. To add one: give it a `fingerprint` that changes whenever its
vectors would.
"""
