// Bundles everything that runs: the extension host, the engine process and its workers, the CLI and the webview.
// Types are checked by `tsc --build`; here they are only stripped.
import { build, context } from 'esbuild';
import { readdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { assembly } from './scripts/assembly.mjs';
import { notices } from './scripts/notices.mjs';

const production = process.argv.includes('--production');
const watch = process.argv.includes('--watch');
const test = process.argv.includes('--test');

/** @type {import('esbuild').BuildOptions} */
const node = {
  bundle: true,
  platform: 'node',
  format: 'cjs',
  target: 'node20',
  external: ['vscode', 'onnxruntime-node'],
  outExtension: { '.js': '.cjs' },
  plugins: [assembly],
  loader: { '.py': 'text', '.ttf': 'binary' }, // what freeze plans write; fonts of reports' figures
  sourcemap: production ? false : 'linked',
  minify: production,
  keepNames: true, // error names cross the process boundary
  logLevel: 'warning',
};

/** @type {import('esbuild').BuildOptions} */
const browser = {
  bundle: true,
  platform: 'browser',
  format: 'esm',
  target: 'es2022',
  sourcemap: production ? false : 'linked',
  minify: production,
  logLevel: 'warning',
};

/** The mathematics of an analysis, which its definition loads: the engine's process has it, and no other. */
const MATHEMATICS = '*/analysis.js';

/** Every file below `dir` that ends in one of `endings`. Node 20 has no glob of its own. */
function filesBelow(dir, ...endings) {
  return readdirSync(dir, { recursive: true })
    .map((name) => path.join(dir, String(name)))
    .filter((name) => endings.some((ending) => name.endsWith(ending)));
}

/** Packages in CommonJS ask for Node's modules by `require`, which a module has to be given. */
const REQUIRE =
  "import { createRequire as requireOf } from 'node:module'; const require = requireOf(import.meta.url), " +
  '__filename = import.meta.filename, __dirname = import.meta.dirname;';

const product = [
  {
    ...node,
    external: [...node.external, MATHEMATICS],
    entryPoints: { extension: 'src/extension.ts', cli: 'src/cli/main.ts' },
    outdir: 'dist',
  },
  {
    ...node,
    // What an analysis needs is loaded with it, from pieces that the engine and its workers share.
    format: 'esm',
    splitting: true,
    chunkNames: 'chunks/[name]-[hash]',
    outExtension: { '.js': '.mjs' },
    banner: { js: REQUIRE },
    entryPoints: {
      engine: 'src/engineProcess/main.ts',
      local: 'src/engineProcess/local.ts',
      worker: 'src/engine/worker.ts',
    },
    outdir: 'dist',
  },
  { ...browser, entryPoints: { webview: 'webview/main.ts' }, outdir: 'dist' },
];

const tests = [
  {
    ...node,
    external: [
      ...node.external,
      'mocha',
      'playwright-core',
      'protobufjs',
      'pngjs',
      'commander',
      '@vscode/test-electron',
      'esbuild',
    ],
    keepNames: false, // functions are sent to the page as text, where the helper that names them is not
    entryPoints: [
      ...filesBelow(path.join('test', 'e2e'), '.test.ts'),
      'test/integration/index.ts',
      ...filesBelow(path.join('test', 'integration'), '.test.ts'),
      // Processes of their own, which the other tests start.
      'test/campaign/main.ts',
      'test/campaign/child.ts',
      'test/screenshots/main.ts',
      'test/unit/host/fakeEngine.ts',
    ],
    outbase: 'test',
    outdir: 'dist-test',
  },
];

// Their names carry their content, so those of an earlier build would stay.
if (!test) rmSync(path.join('dist', 'chunks'), { recursive: true, force: true });
if (watch) {
  for (const options of product) await (await context(options)).watch();
} else {
  const results = await Promise.all((test ? tests : product).map((options) => build({ ...options, metafile: true })));
  if (production) {
    const text = notices(
      results.map((result) => result.metafile),
      ['onnxruntime-node', 'onnxruntime-common'],
      import.meta.dirname,
    );
    writeFileSync(path.join('dist', 'THIRD-PARTY-NOTICES.txt'), text);
  }
}
