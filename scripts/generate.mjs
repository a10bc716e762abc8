/**
 * Writes what follows from declarations in the source: the grammars' words, the recipe's JSON Schema, the tables of
 * docs/recipes.md, and the commands and menus of package.json with their titles. Run it after a change to a merge
 * method, a key of recipes, a command or a menu:
 * node scripts/generate.mjs
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const ROOT = path.resolve(import.meta.dirname, '..');

/** Modules that declare what is generated. */
const SOURCES = [
  'src/engine/merge/recipe/schema/json.ts',
  'src/engine/merge/recipe/schema/maps.ts',
  'src/engine/merge/recipe/schema/words.ts',
  'src/engine/tensors/methods/list.ts',
  'src/commands/menus.ts',
  'src/commands/ids.ts',
  'src/engine/experiments/kinds.ts',
];

/** @returns {Promise<any>} the exports of all sources */
async function declarations() {
  const { outputFiles } = await build({
    stdin: { contents: SOURCES.map((file) => `export * from './${file}';`).join('\n'), resolveDir: ROOT },
    bundle: true,
    write: false,
    format: 'cjs',
    platform: 'node',
    // What the definitions of analyses load.
    external: ['*/analysis.js', '*/report.js'],
  });
  const module = { exports: {} };
  new Function('module', 'exports', 'require', outputFiles[0].text)(
    module,
    module.exports,
    createRequire(import.meta.url),
  );
  return module.exports;
}

/**
 * What each file must hold.
 * @returns {Promise<Map<string, string>>} text per path from the root
 */
export async function generated() {
  const declared = await declarations();
  const read = (/** @type {string} */ file) =>
    existsSync(path.join(ROOT, file)) ? readFileSync(path.join(ROOT, file), 'utf8') : '';
  const json = (/** @type {unknown} */ value) => `${JSON.stringify(value, null, 2)}\n`;
  const files = /** @type {const} */ ({
    'syntaxes/recipe.tmLanguage.json': (text) => json(grammar(JSON.parse(text), declared)),
    'syntaxes/experiment.tmLanguage.json': () => json(experimentGrammar(declared)),
    'media/recipe.schema.json': () => json(declared.jsonSchema()),
    'docs/recipes.md': (text) => `${text.slice(0, text.indexOf(DOCS_START))}${docs(declared)}`,
    'package.json': (text) => json(manifest(JSON.parse(text), declared)),
    'package.nls.json': (text) => json(titles(JSON.parse(text), declared)),
  });
  return new Map(Object.entries(files).map(([file, make]) => [file, make(read(file))]));
}

/** The grammar with the language's words; what they look like in text stays. */
function grammar(current, { MAPS, MODULES, FORMS, DTYPES, ROLES, METHOD_NAMES }) {
  const word = (words) => `(?<![\\w-])(${words.join('|')})(?![\\w-])`;
  const { key, method, dtype, role } = current.repository;
  const { recipe, ...inner } = MAPS;
  const keys = Object.values(inner).flatMap((map) => Object.keys(map.keys));
  key.patterns[0].match = word(FORMS);
  key.patterns[1].match = word(Object.keys(recipe.keys).filter((one) => !FORMS.includes(one)));
  key.patterns[2].match = word([...new Set([...keys, ...Object.keys(MODULES)])]);
  // Longer names first: one may begin with another.
  const methods = [...METHOD_NAMES].sort((a, b) => b.length - a.length);
  method.match = `(?<=^merge_method:)\\s*["']?(${methods.join('|')})\\b(?![\\w-])`;
  dtype.match = `(?<=dtype:)\\s*["']?(${DTYPES.join('|')})\\b`;
  const roles = Object.keys(ROLES);
  const spelled = [...roles, ...roles.map((one) => one.toUpperCase())].join('|');
  role.match = `(?<=early:|mid:|late:|model:|[\\s{,]a:|[\\s{,]b:)\\s*(${spelled})(?=\\s*(?:[,}#\\n]|$))`;
  return current;
}

/** YAML with the words of experiments: blocks, what is run, fields of requests. */
function experimentGrammar({ KINDS, DATA_FIELDS }) {
  const word = (words) => `(?<![\\w-])(${[...new Set(words)].join('|')})(?![\\w-])`;
  const fields = KINDS.flatMap(({ fields, noun }) => [...Object.keys(fields), ...(noun === undefined ? [] : [noun])]);
  const scope = 'source.experiment.yaml';
  // Longer names first: one may begin with another.
  const names = KINDS.map(({ name }) => name).sort((a, b) => b.length - a.length);
  const key = 'string.unquoted';
  return {
    name: 'Frankenstein experiment',
    scopeName: scope,
    patterns: [{ include: 'source.yaml' }],
    injections: {
      [`L:${scope} meta.map.key.yaml ${key}, L:${scope} meta.flow.map.key.yaml ${key}`]: {
        patterns: [
          { match: word(['checkpoints', 'protocol', 'sets', 'parts']), name: 'keyword.other.frank' },
          { match: word(['run']), name: 'keyword.control.frank' },
          {
            match: word(['path', 'role', ...Object.keys(DATA_FIELDS), ...fields]),
            name: 'support.type.property-name.frank',
          },
        ],
      },
      [`L:${scope} - comment - string.quoted - meta.map.key.yaml - meta.flow.map.key.yaml`]: {
        patterns: [
          {
            match: `(?<=run:)\\s*["']?(${names.join('|')})\\b(?![\\w-])`,
            captures: { 1: { name: 'support.function.method.frank' } },
          },
        ],
      },
    },
  };
}

/** The key of a command's title in package.nls.json. */
const titleKey = (id) => id.replace('frankenstein', 'command');

function manifest(current, { MENUS, COMMANDS }) {
  current.contributes.menus = MENUS;
  current.contributes.commands = Object.entries(COMMANDS).map(([command, { icon, enablement }]) => ({
    command,
    title: `%${titleKey(command)}%`,
    category: '%category%',
    ...(icon && { icon: `$(${icon})` }),
    ...(enablement && { enablement }),
  }));
  return current;
}

/** The strings of the manifest; titles of commands stand together, where the first of them stands. */
function titles(current, { COMMANDS }) {
  const isTitle = ([key]) => key.startsWith('command.');
  const entries = Object.entries(current);
  const first = entries.findIndex(isTitle);
  const others = entries.filter((entry) => !isTitle(entry));
  const own = Object.entries(COMMANDS).map(([id, { title }]) => [titleKey(id), title]);
  return Object.fromEntries([...others.slice(0, first), ...own, ...others.slice(first)]);
}

/** Everything from here to the end of docs/recipes.md is generated. */
const DOCS_START = '<!-- From here on generated by scripts/generate.mjs -->\n';

function docs({ MAPS, METHOD_NAMES, METHODS }) {
  const keys = Object.entries(MAPS).map(([name, map]) => keyTable(name, map));
  const methods = METHOD_NAMES.map((name) => methodSection(METHODS[name]));
  return [DOCS_START, '## Keys\n', ...keys, '\\* must be there.\n', '## Methods\n', ...methods].join('\n');
}

const cell = (text) => text.replaceAll('|', '\\|');

function keyTable(name, { doc, keys }) {
  const rows = Object.entries(keys).map(([key, { doc: what, required, origin, default: standard, example }]) =>
    [
      `| \`${key}\`${required ? ' *' : ''} | ${origin === 'mergekit' ? 'mergekit' : 'here'} | ${cell(what)}`,
      ...(standard === undefined ? [] : [`Default: ${standard}.`]),
      ...(example === undefined ? [] : [`Example: \`${example}\`.`]),
    ].join(' '),
  );
  const title = name === 'recipe' ? 'The recipe' : name;
  const lines = rows.map((row) => `${row} |`);
  return [`### ${title}\n`, `${doc}\n`, '| key | from | what it is |', '|---|---|---|', ...lines, ''].join('\n');
}

/** What a parameter has one value for. */
const PER = { shared: 'tensor', model: 'model', other: 'model but the base' };

function methodSection({ name, doc, formula, paper, base, models, random, parameters }) {
  const { min, max } = models;
  const count = min === max ? `${min}` : Number.isFinite(max) ? `${min} to ${max}` : `${min} or more`;
  const bases = {
    required: ', one of them the `base_model`',
    optional: ', with or without a `base_model`',
    ignored: '',
  };
  const facts = [
    `Models: ${count}${bases[base]}.`,
    ...(random ? ["Random: the recipe's `seed` counts."] : []),
    ...(paper === undefined ? [] : [`Source: [${paper.title}](${paper.url}).`]),
  ].join(' ');
  const table = parameters.map(
    ({ name: own, scope, default: standard, doc: what }) =>
      `| \`${own}\` | ${PER[scope]} | ${standardOf(standard)} | ${cell(what)} |`,
  );
  return [
    `### ${name}\n`,
    `${doc}\n`,
    `\`\`\`\n${formula}\n\`\`\`\n`,
    `${facts}\n`,
    ...(table.length > 0 ? ['| parameter | per | default | what it is |', '|---|---|---|---|', ...table, ''] : []),
  ].join('\n');
}

function standardOf(value) {
  return value === undefined ? 'must be given' : value === null ? 'none' : String(value);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const [file, text] of await generated()) {
    const place = path.join(ROOT, file);
    const changed = !existsSync(place) || readFileSync(place, 'utf8') !== text;
    if (changed) writeFileSync(place, text);
    console.log(`${changed ? 'written  ' : 'unchanged'} ${file}`);
  }
}
