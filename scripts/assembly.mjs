// An esbuild plugin: `import bytes from './name.wasm'` compiles `name.assembly.ts`, which is AssemblyScript.
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import asc from 'assemblyscript/asc';

const CACHE = path.join(import.meta.dirname, '..', '.cache', 'assembly');
/** SIMD is in every WebAssembly that Node 20 has; nothing is allocated, so there is no runtime. */
const OPTIONS = ['-O3', '--noAssert', '--enable', 'simd', '--runtime', 'stub', '--use', 'abort='];

/** @type {import('esbuild').Plugin} */
export const assembly = {
  name: 'assembly',
  setup(build) {
    build.onResolve({ filter: /\.wasm$/ }, ({ path: name, resolveDir }) => {
      const source = path.join(resolveDir, name.replace(/\.wasm$/, '.assembly.ts'));
      return existsSync(source) ? { path: source, namespace: 'assembly' } : undefined;
    });
    build.onLoad({ filter: /.*/, namespace: 'assembly' }, async ({ path: source }) => ({
      contents: await compile(source),
      loader: 'binary',
      watchFiles: [source],
    }));
  },
};

/** @param {string} source @returns {Promise<Uint8Array>} */
async function compile(source) {
  const text = readFileSync(source, 'utf8');
  // A compiler takes longer to start than all bundles to be made.
  const kept = path.join(
    CACHE,
    `${createHash('sha256')
      .update(JSON.stringify([text, OPTIONS, asc.version]))
      .digest('hex')}.wasm`,
  );
  if (existsSync(kept)) return readFileSync(kept);
  const name = path.basename(source);
  /** @type {Uint8Array | undefined} */
  let binary;
  const { error, stderr } = await asc.main([name, '--outFile', 'out.wasm', ...OPTIONS], {
    readFile: (file) => (file === name ? text : null),
    writeFile: (file, contents) => {
      if (file === 'out.wasm') binary = /** @type {Uint8Array} */ (contents);
    },
    listFiles: () => [],
  });
  if (error || binary === undefined) throw new Error(`${source}: ${stderr.toString() || error?.message}`);
  mkdirSync(CACHE, { recursive: true });
  const beside = `${kept}.${process.pid}`;
  writeFileSync(beside, binary);
  renameSync(beside, kept);
  return binary;
}
