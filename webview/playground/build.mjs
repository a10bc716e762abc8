// Builds the playground into .cache/playground: one page per theme, under the same content security policy as in VS
// Code.
import { build } from 'esbuild';
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { themes } from './themes.mjs';

const here = import.meta.dirname;
export const folder = path.join(here, '..', '..', '.cache', 'playground');

export async function buildPlayground() {
  mkdirSync(folder, { recursive: true });
  await build({
    bundle: true,
    platform: 'browser',
    format: 'esm',
    target: 'es2022',
    sourcemap: 'linked',
    logLevel: 'warning',
    entryPoints: { playground: path.join(here, 'main.ts') },
    outdir: folder,
  });
  for (const [name, theme] of Object.entries(themes)) {
    const variables = JSON.stringify(theme.variables);
    writeFileSync(
      path.join(folder, `${name}.html`),
      `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src 'self' data: blob:; style-src 'self' 'nonce-playground'; script-src 'nonce-playground';">
<meta property="csp-nonce" content="playground">
<link rel="icon" href="data:,">
<meta name="viewport" content="width=device-width">
<link rel="stylesheet" href="playground.css">
<title>Playground</title>
</head>
<body class="${theme.class}" data-vscode-theme-kind="${theme.class}">
<div id="app"></div>
<script nonce="playground">for (const [name, value] of Object.entries(${variables})) document.documentElement.style.setProperty(name, value);</script>
<script type="module" nonce="playground" src="playground.js"></script>
</body>
</html>
`,
    );
  }
}

if (process.argv[1] === import.meta.filename) {
  await buildPlayground();
  console.log(path.relative(process.cwd(), folder));
}
