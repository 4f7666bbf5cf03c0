/** What all other language servers found, for the agent to read. */
import * as vscode from "vscode";
import { SECTION, type DiagnosticsReply, type WireDiagnostic } from "./protocol.js";

/** More than that nobody reads. */
const DIAGNOSTICS_MAX = 500;

/** Of one document, or of all that the editor knows. */
export function diagnosticsOf(uri: string | null | undefined): DiagnosticsReply {
  const known =
    typeof uri === "string"
      ? [[vscode.Uri.parse(uri), vscode.languages.getDiagnostics(vscode.Uri.parse(uri))] as const]
      : vscode.languages.getDiagnostics();
  let room = DIAGNOSTICS_MAX;
  const items = known.map(([where, diagnostics]) => {
    const others = diagnostics.filter(({ source }) => source !== SECTION).slice(0, room);
    room -= others.length;
    return { uri: where.toString(), diagnostics: others.map(wire) };
  });
  return { items: items.filter(({ diagnostics }) => diagnostics.length > 0) };
}

function wire(diagnostic: vscode.Diagnostic): WireDiagnostic {
  const { start, end } = diagnostic.range;
  return {
    range: {
      start: { line: start.line, character: start.character },
      end: { line: end.line, character: end.character },
    },
    message: diagnostic.message,
    severity: diagnostic.severity + 1,
    source: diagnostic.source ?? "",
  };
}
