/** The frame of the page: it runs the extension's own script and loads nothing from elsewhere. */
import { randomBytes } from "node:crypto";
import * as vscode from "vscode";

/** `place` is a class of the page's, for the colours of where it stands. */
export function pageHtml(
  webview: vscode.Webview,
  extension: vscode.Uri,
  place: "in-view" | "in-editor",
): string {
  const uri = (...path: string[]): string =>
    webview.asWebviewUri(vscode.Uri.joinPath(extension, ...path)).toString();
  const nonce = randomBytes(16).toString("base64url");
  const policy = [
    "default-src 'none'",
    `script-src 'nonce-${nonce}'`,
    `style-src ${webview.cspSource}`,
    "base-uri 'none'",
    "form-action 'none'",
  ].join("; ");
  return `<!DOCTYPE html>
<html lang="${vscode.env.language}">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Holdfast</title>
<link rel="stylesheet" href="${uri("media", "conversation.css")}">
</head>
<body class="${place}"><script nonce="${nonce}" src="${uri("dist", "conversation.js")}"></script></body>
</html>`;
}
