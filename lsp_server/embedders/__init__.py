"""This room turns texts into vectors: it holds the implementations of the `Embedder` seam.

`minilm` ships with the package and needs no network, `http` asks any
OpenAI-compatible endpoint, and `hashing` needs nothing at all. Nobody here knows
what vectors are for. This room alone imports onnxruntime and tokenizers, and it
raises ModelError and nothing else.

To add an embedder: implement `lsp_server.domain.ports.Embedder`. All vectors have
`dimension` numbers. They need not have length 1, as they are compared by cosine.
The `fingerprint` must change whenever the vectors of a text would, since vectors
are stored by it. `embed` may be called with any number of texts, of any length,
and cuts them into batches itself.
"""
