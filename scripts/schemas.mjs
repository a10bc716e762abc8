// Writes the JSON Schemas of every analysis' request and result, and of experiments, to media/schemas, from the schemas
// in the source:
// `node scripts/schemas.mjs`. With `--check` nothing is written, and what is not current is named.
import { toJsonSchema } from '@valibot/to-json-schema';
import { mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from 'esbuild';

const root = path.join(import.meta.dirname, '..');
const folder = path.join(root, 'media', 'schemas');

/** The registry and the kinds of parts of experiments, without what definitions load. */
async function declarations() {
  const bundle = path.join(root, 'node_modules', `.schemas-${process.pid}.mjs`);
  try {
    await build({
      stdin: {
        contents: ['analyses/registry', 'experiments/kinds', 'experiments/document']
          .map((file) => `export * from './src/engine/${file}.ts';`)
          .join('\n'),
        resolveDir: root,
      },
      bundle: true,
      platform: 'node',
      format: 'esm',
      packages: 'external',
      external: ['*/analysis.js', '*/report.js'],
      outfile: bundle,
      logLevel: 'warning',
    });
    return await import(pathToFileURL(bundle).href);
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

const { registry, KINDS, DATA_FIELDS, WORDED, TOP_DOCS, CHECKPOINT_DOCS, PART_DOCS } = await declarations();

const NAMES = { oneOf: [{ type: 'string' }, { type: 'array', items: { type: 'string' } }] };
const TEXTS = { type: 'object', additionalProperties: { type: 'string' } };

/** A field as an experiment writes it: one value for a list of one, a text that the command line would read. */
function fieldSchema(name, entry) {
  const { default: standard, description, ...more } = convert(name, entry, 'input');
  const schema = Object.fromEntries(Object.entries(more).filter(([key]) => key !== 'title' && key !== '$schema'));
  const perCheckpoint = WORDED.includes(name) ? [TEXTS] : [];
  return {
    ...(description !== undefined && { description }),
    ...(standard !== undefined && { default: standard }),
    anyOf:
      schema.enum === undefined
        ? [schema, ...(schema.type === 'string' ? [] : [{ type: 'string' }]), ...perCheckpoint]
        : [schema],
  };
}

const fieldsSchema = (fields) =>
  Object.fromEntries(Object.entries(fields).map(([name, entry]) => [name, fieldSchema(name, entry)]));
const closed = (properties, required = []) => ({ type: 'object', properties, required, additionalProperties: false });
const named = (description, additionalProperties) => ({ description, type: 'object', additionalProperties });

/** An experiment, for editors that know nothing but JSON Schemas. */
function experimentSchema() {
  const { data, ...protocol } = fieldsSchema(DATA_FIELDS);
  const words = Object.fromEntries(WORDED.map((name) => [name, { type: 'string' }]));
  const texts = Object.fromEntries(
    Object.entries(CHECKPOINT_DOCS).map(([name, description]) => [name, { description, type: 'string' }]),
  );
  const parts = KINDS.map(({ name, doc, fields, noun }) =>
    closed(
      {
        run: { const: name, description: doc },
        ...(noun !== undefined && { [noun]: { ...NAMES, description: PART_DOCS.checkpoints } }),
        ...fieldsSchema(fields),
        ...('data' in fields && { data: NAMES }),
      },
      ['run', ...('data' in fields ? ['data'] : [])],
    ),
  );
  return {
    $schema: 'http://json-schema.org/draft-07/schema#',
    title: 'An experiment of Frankenstein Lab',
    ...closed(
      {
        checkpoints: named(TOP_DOCS.checkpoints, {
          oneOf: [{ type: 'string' }, closed({ ...texts, ...words }, ['path'])],
        }),
        protocol: { description: TOP_DOCS.protocol, ...closed(protocol) },
        sets: named(TOP_DOCS.sets, { oneOf: [{ type: 'string' }, closed({ data, ...protocol }, ['data'])] }),
        parts: named(TOP_DOCS.parts, { oneOf: parts }),
      },
      ['checkpoints', 'parts'],
    ),
  };
}

const wanted = Object.values(registry).flatMap(({ name, request, result }) => [
  [`${name}.request.json`, convert(`A request of ${name}`, request, 'input')],
  [`${name}.result.json`, convert(`A result of ${name}`, result, 'output')],
]);
wanted.push(['experiment.json', experimentSchema()]);
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
