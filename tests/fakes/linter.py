"""Another language server of the same buffer, which finds one fault: run it as a program."""

from __future__ import annotations

from lsprotocol import types
from pygls.lsp.server import LanguageServer

FAULT = "the answer is wrong"


def linter() -> LanguageServer:
    server = LanguageServer("linter", "1")

    @server.feature(types.TEXT_DOCUMENT_DID_OPEN)
    def opened(params: types.DidOpenTextDocumentParams) -> None:
        """The second line is wrong."""
        place = types.Range(types.Position(1, 4), types.Position(1, 10))
        fault = types.Diagnostic(place, FAULT, types.DiagnosticSeverity.Error, source="linter")
        published = types.PublishDiagnosticsParams(params.text_document.uri, [fault])
        server.text_document_publish_diagnostics(published)

    return server


if __name__ == "__main__":
    linter().start_io()
