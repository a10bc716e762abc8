/** The panel's document: an empty element, one script, one style sheet, and nothing else may load. */
import { randomBytes } from 'node:crypto';
import * as vscode from 'vscode';

/** What the panel may read: the bundle and the images. */
export function localResourceRoots(extensionUri: vscode.Uri): vscode.Uri[] {
  return [vscode.Uri.joinPath(extensionUri, 'dist'), vscode.Uri.joinPath(extensionUri, 'media')];
}

export function panelHtml(webview: vscode.Webview, extensionUri: vscode.Uri, title: string): string {
  const nonce = newNonce();
  // Controls of the webview's kit add an empty style element to test what the browser can; they find its nonce in the
  // meta element below. It is another than the script's, which stays out of reach.
  const styleNonce = newNonce();
  const resource = (...segments: string[]) =>
    webview.asWebviewUri(vscode.Uri.joinPath(extensionUri, ...segments)).toString();
  const policy = [
    `default-src 'none'`,
    `script-src 'nonce-${nonce}'`,
    `style-src ${webview.cspSource} 'nonce-${styleNonce}'`,
    `font-src ${webview.cspSource}`,
    // Figures are exported through data and blob images.
    `img-src ${webview.cspSource} data: blob:`,
    // Not covered by default-src.
    `base-uri 'none'`,
    `form-action 'none'`,
  ].join('; ');
  return `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta property="csp-nonce" content="${styleNonce}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(title)}</title>
<link rel="stylesheet" href="${resource('dist', 'webview.css')}">
</head>
<body>
<div id="app"></div>
<script type="module" nonce="${nonce}" src="${resource('dist', 'webview.js')}"></script>
</body>
</html>`;
}

function newNonce(): string {
  return randomBytes(16).toString('base64');
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
