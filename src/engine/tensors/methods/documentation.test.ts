// The documentation and the JSON Schema say what the tables say.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, it } from 'vitest';
import { METHOD_NAMES, METHODS } from './list.js';
import { parseRecipe } from '../../merge/recipe/parse.js';
import { jsonSchema } from '../../merge/recipe/schema/json.js';
import { MAPS } from '../../merge/recipe/schema/maps.js';

const read = (file: string) => readFileSync(path.resolve(file), 'utf8');

describe('documentation of recipes', () => {
  const text = read('docs/recipes.md');

  it('has every key', () => {
    for (const { keys } of Object.values(MAPS)) {
      for (const [key, { doc }] of Object.entries(keys)) {
        assert.ok(text.includes(`| \`${key}\``), key);
        assert.ok(text.includes(doc.replaceAll('|', '\\|')), `${key}: ${doc}`);
      }
    }
  });

  it('has every method with its formula, source and parameters', () => {
    for (const name of METHOD_NAMES) {
      const start = text.indexOf(`\n### ${name}\n`);
      assert.ok(start > 0, name);
      const end = text.indexOf('\n### ', start + 1);
      const section = text.slice(start, end < 0 ? undefined : end);
      const { doc, formula, paper, parameters } = METHODS[name];
      for (const part of [
        doc,
        formula,
        paper?.url ?? '',
        ...parameters.flatMap((parameter) => [`| \`${parameter.name}\``, parameter.doc]),
      ])
        assert.ok(section.includes(part), `${name}: ${part}`);
    }
  });

  it('shows recipes that are right', () => {
    const examples = [...text.matchAll(/```yaml\n([\s\S]*?)```/g)].map((match) => match[1]!);
    assert.ok(examples.length >= 5);
    for (const example of examples) assert.deepEqual(parseRecipe(example).problems, [], example);
  });
});

describe('the JSON Schema', () => {
  it('is the one that the table gives', () =>
    assert.deepEqual(JSON.parse(read('media/recipe.schema.json')), jsonSchema()));
});
