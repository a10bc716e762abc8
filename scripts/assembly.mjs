// An esbuild plugin: `import bytes from './name.wasm'` compiles `name.assembly.ts`, which is AssemblyScript.
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';

/** Of the compiler, which takes long to load and is needed only where a source has changed. */
const { version } = JSON.parse(
  readFileSync(path.join(import.meta.dirname, '..', 'node_modules', 'assemblyscript', 'package.json'), 'utf8'),
);

const CACHE = path.join(import.meta.dirname, '..', '.cache', 'assembly');
/** SIMD is in every WebAssembly that Node 20 has; nothing is allocated, so there is no runtime. */
const OPTIONS = ['-O3', '--noAssert', '--enable', 'simd', '--runtime', 'stub', '--use', 'abort='];

/** @type {import('esbuild').Plugin} */
export const assembly = {
  name: 'assembly',
  setup(build) {
    build.onResolve({ filter: /\.wasm$/ }, ({ path: name, resolveDir }) => {
      const source = sourceOf(name, resolveDir);
      return source && { path: source, namespace: 'assembly' };
    });
    build.onLoad({ filter: /.*/, namespace: 'assembly' }, async ({ path: source }) => ({
      contents: await compile(source),
      loader: 'binary',
      watchFiles: [source],
    }));
  },
};

/**
 * Vite leaves what lies in node_modules to Node, which cannot import WebAssembly: such files get a name that hides it.
 */
const BYTES = '\0bytes:';

/**
 * The same for Vite; the WebAssembly files of packages too, which esbuild loads as bytes by itself.
 * @type {import('vite').Plugin}
 */
export const viteAssembly = {
  name: 'assembly',
  enforce: 'pre',
  resolveId(name, importer) {
    if (!name.endsWith('wasm') || importer === undefined) return undefined;
    // A package may export its file without the ending: "codec/decodewasm".
    const file = sourceOf(name, path.dirname(importer)) ?? createRequire(importer).resolve(name);
    return BYTES + Buffer.from(file).toString('base64url');
  },
  async load(id) {
    if (!id.startsWith(BYTES)) return undefined;
    const file = Buffer.from(id.slice(BYTES.length), 'base64url').toString();
    const bytes = file.endsWith('.wasm') ? readFileSync(file) : await compile(file);
    return `export default Buffer.from('${Buffer.from(bytes).toString('base64')}', 'base64');`;
  },
};

/**
 * The AssemblyScript file that an import of `name` means; undefined where there is none.
 * @param {string} name
 * @param {string} folder
 */
function sourceOf(name, folder) {
  const source = path.join(folder, name.replace(/\.wasm$/, '.assembly.ts'));
  return existsSync(source) ? source : undefined;
}

/** @param {string} source @returns {Promise<Uint8Array>} */
async function compile(source) {
  const text = readFileSync(source, 'utf8');
  // A compiler takes longer to start than all bundles to be made.
  const kept = path.join(
    CACHE,
    `${createHash('sha256')
      .update(JSON.stringify([text, OPTIONS, version]))
      .digest('hex')}.wasm`,
  );
  if (existsSync(kept)) return readFileSync(kept);
  const { default: asc } = await import('assemblyscript/asc');
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
