// Writes the JSON Schemas of every analysis' request and result to media/schemas, from the schemas in the source:
// `node scripts/schemas.mjs`. With `--check` nothing is written, and what is not current is named.
import { toJsonSchema } from '@valibot/to-json-schema';
import { mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from 'esbuild';

const root = path.join(import.meta.dirname, '..');
const folder = path.join(root, 'media', 'schemas');

/** The registry, without what its definitions load. */
async function registry() {
  const bundle = path.join(root, 'node_modules', `.schemas-${process.pid}.mjs`);
  try {
    await build({
      entryPoints: [path.join(root, 'src', 'engine', 'analyses', 'registry.ts')],
      bundle: true,
      platform: 'node',
      format: 'esm',
      packages: 'external',
      external: ['*/analysis.js', '*/report.js'],
      outfile: bundle,
      logLevel: 'warning',
    });
    return (await import(pathToFileURL(bundle).href)).registry;
  } finally {
    rmSync(bundle, { force: true });
  }
}

/** Checks by a function: their note says what they are (below). */
const overrideSchema = ({ valibotSchema: { type } }) =>
  type === 'custom' ? {} : type === 'never' ? { not: {} } : undefined;

/** What the source notes of a schema: the JSON Schema of a check by a function, the help of a field's option. */
function overrideAction({ valibotAction: { type, metadata }, jsonSchema }) {
  if (type !== 'metadata') return undefined;
  const help = metadata.notes?.flags[0]?.help;
  // The converter copies notes as they are.
  const plain = Object.entries(jsonSchema).filter(([key]) => key !== 'jsonSchema' && key !== 'notes');
  return {
    ...Object.fromEntries(plain),
    ...metadata.jsonSchema,
    ...(typeof help === 'string' && { description: help }),
  };
}

const convert = (title, schema, typeMode) => ({
  title,
  ...toJsonSchema(schema, {
    typeMode,
    overrideSchema,
    overrideAction,
    ignoreActions: ['partial_check', 'safe_integer'],
    errorMode: 'throw',
  }),
});

const wanted = Object.values(await registry()).flatMap(({ name, request, result }) => [
  [`${name}.request.json`, convert(`A request of ${name}`, request, 'input')],
  [`${name}.result.json`, convert(`A result of ${name}`, result, 'output')],
]);
mkdirSync(folder, { recursive: true });
const stored = new Set(readdirSync(folder));
const stale = wanted
  .map(([name, schema]) => [name, `${JSON.stringify(schema, null, 2)}\n`])
  .filter(([name, text]) => !stored.has(name) || readFileSync(path.join(folder, name), 'utf8') !== text);
const check = process.argv.includes('--check');
for (const [name, text] of stale) {
  if (check) console.error(`media/schemas/${name} is not current: run "node scripts/schemas.mjs".`);
  else writeFileSync(path.join(folder, name), text);
}
if (check && stale.length > 0) process.exitCode = 1;
