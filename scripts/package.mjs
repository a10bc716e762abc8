// Builds a VSIX: `npm run package [-- --target darwin-arm64] [--out FILE] [--skip-build]`. Prints its path and size.
// The target is this platform's when left out; there is one for every platform that onnxruntime-node has a binary for.
//
// What goes in is staged first, by name: the bundles, the images, the documents, and of onnxruntime-node only the
// binary of the target (the package holds all of them, 290 MB). It lies in dist/node_modules, where the bundles
// beside it find it and where vsce, told to look for no dependencies, takes it for files like any other.
import { execFileSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { createVSIX } from '@vscode/vsce';

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
/** A marketplace page is read before it is downloaded; this much is downloaded by everybody. */
const MOST_BYTES = 30e6;
const HERE = `${process.platform}-${process.arch}`;
const TARGET = argument('--target') ?? HERE;
const BINARIES = 'bin/napi-v6';
{
  const folder = path.join(root, 'node_modules/onnxruntime-node', BINARIES);
  const targets = readdirSync(folder).flatMap((os) =>
    readdirSync(path.join(folder, os)).map((arch) => `${os}-${arch}`),
  );
  if (!targets.includes(TARGET)) {
    console.error(`There is no target ${TARGET}; onnxruntime-node has binaries for ${targets.join(', ')}.`);
    process.exit(2);
  }
}

const manifest = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8'));
const out = path.resolve(argument('--out') ?? path.join(root, `${manifest.name}-${TARGET}-${manifest.version}.vsix`));

if (!process.argv.includes('--skip-build')) {
  execFileSync(process.execPath, [path.join(root, 'esbuild.mjs'), '--production'], { cwd: root, stdio: 'inherit' });
}
const staging = mkdtempSync(path.join(tmpdir(), 'frankenstein-vsix-'));
try {
  stage(staging);
  if (TARGET === HERE) checkRuntime(staging);
  mkdirSync(path.dirname(out), { recursive: true });
  await createVSIX({
    cwd: staging,
    packagePath: out,
    target: TARGET,
    dependencies: false,
    allowMissingRepository: true,
    rewriteRelativeLinks: false,
  });
} finally {
  rmSync(staging, { recursive: true, force: true });
}
const { size } = statSync(out);
if (size > MOST_BYTES) throw new Error(`${out} has ${megabytes(size)}, more than ${megabytes(MOST_BYTES)}.`);
console.log(`${path.relative(process.cwd(), out)} ${megabytes(size)}`);

function stage(folder) {
  const bundles = readdirSync(path.join(root, 'dist')).filter(
    (name) => /\.(cjs|mjs|js|css)$/.test(name) || /^webview\.(?!.*map$)/.test(name),
  );
  const required = ['extension.cjs', 'engine.mjs', 'local.mjs', 'worker.mjs', 'cli.cjs', 'webview.js'];
  const absent = required.filter((name) => !bundles.includes(name));
  if (absent.length > 0) throw new Error(`dist/ lacks ${absent.join(', ')}: run the build first.`);
  const chunks = readdirSync(path.join(root, 'dist/chunks')).filter((name) => name.endsWith('.mjs'));
  for (const name of [...bundles, ...chunks.map((chunk) => `chunks/${chunk}`), 'THIRD-PARTY-NOTICES.txt'])
    copy(`dist/${name}`);
  for (const name of ['media', 'syntaxes', 'package.nls.json', 'README.md', 'CHANGELOG.md', 'LICENSE']) {
    if (existsSync(path.join(root, name))) copy(name);
  }
  // Images of the README, without the rest of docs/.
  if (existsSync(path.join(root, 'docs/images'))) copy('docs/images');
  // Scripts and dependencies are the developer's; vsce would run and look for them.
  const ours = ['scripts', 'dependencies', 'devDependencies', 'allowScripts', 'private'];
  const shipped = Object.fromEntries(Object.entries(manifest).filter(([key]) => !ours.includes(key)));
  writeFileSync(path.join(folder, '.vscodeignore'), '**/*.map\n'); // vsce wants one
  writeFileSync(path.join(folder, 'package.json'), `${JSON.stringify(shipped, null, 2)}\n`);

  const binaries = `${BINARIES}/${TARGET.replace('-', '/')}`;
  stagePackage('onnxruntime-node', ['package.json', 'dist', 'README.md', binaries]);
  stagePackage('onnxruntime-common', ['package.json', 'dist/cjs', 'README.md']);

  function copy(name) {
    cpSync(path.join(root, name), path.join(folder, name), { recursive: true });
  }

  /** `names` of a package, as regular files, without declarations and maps. */
  function stagePackage(name, names) {
    const from = path.join(root, 'node_modules', name);
    const to = path.join(folder, 'dist/node_modules', name);
    for (const one of names) {
      if (!existsSync(path.join(from, one)))
        throw new Error(`node_modules/${name} lacks ${one}: there is no build for ${TARGET}.`);
      cpSync(path.join(from, one), path.join(to, one), {
        recursive: true,
        dereference: true,
        filter: (file) => !/\.(map|d\.ts|d\.cts)$/.test(file),
      });
    }
  }
}

/** The staged runtime must load by itself: nothing of the developer's node_modules is above it. */
function checkRuntime(folder) {
  const script =
    `const ort = require('onnxruntime-node'); if (typeof ort.InferenceSession.create !== 'function') ` +
    'process.exit(1);';
  const entry = path.join(folder, 'dist', 'check.cjs');
  writeFileSync(entry, script);
  try {
    execFileSync(process.execPath, [entry], { stdio: 'inherit', env: { ...process.env, NODE_PATH: '' } });
  } finally {
    rmSync(entry);
  }
}

function argument(name) {
  const at = process.argv.indexOf(name);
  return at < 0 ? undefined : process.argv[at + 1];
}

function megabytes(bytes) {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}
