/** What is generated from declarations is what is checked in. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'vitest';
import { generated } from '../../../scripts/generate.mjs';

describe('generated files', async () => {
  for (const [file, text] of await generated())
    it(`${file} is current; else run: node scripts/generate.mjs`, () => assert.equal(readFileSync(file, 'utf8'), text));
});
