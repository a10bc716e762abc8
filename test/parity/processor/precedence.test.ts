/** Of several chat templates, the one that transformers takes. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { cp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, it } from 'vitest';
import type { Checkpoint } from '../../../src/engine/checkpoint/checkpoint.js';
import { readChatTemplate } from '../../../src/engine/models/processor/chatTemplate.js';
import type { TextTokenizer } from '../../../src/engine/models/processor/tokenizer.js';
import { temporaryFolder, type TemporaryFolder } from '../../fixtures/checkpoints.js';

const HERE = path.resolve('test/parity/processor');
const { cases } = JSON.parse(readFileSync(path.join(HERE, 'precedence.json'), 'utf8')) as {
  cases: { sees: boolean; places: string[]; taken: string | null }[];
};

describe('the chat template that counts', () => {
  let temporary: TemporaryFolder;
  beforeAll(async () => {
    temporary = await temporaryFolder();
  });
  afterAll(() => temporary.remove());

  /** A folder with a template in these places, each of which renders as the name of its file. */
  async function template(sees: boolean, places: readonly string[]) {
    const folder = path.join(temporary.path, `${sees}-${places.join('-')}`);
    await cp(path.join(HERE, 'fixtures', 'llama3'), folder, { recursive: true });
    await rm(path.join(folder, 'chat_template.jinja'), { force: true });
    const named = path.join(folder, 'tokenizer_config.json');
    const settings = JSON.parse(await readFile(named, 'utf8')) as Record<string, unknown>;
    delete settings['chat_template'];
    await writeFile(named, JSON.stringify(settings));
    for (const place of places)
      await writeFile(
        path.join(folder, place),
        place.endsWith('.jinja') ? place : JSON.stringify({ chat_template: place }),
      );
    const files = new Map((await readdir(folder)).map((name) => [name, path.join(folder, name)]));
    const config = JSON.parse(await readFile(named, 'utf8')) as Record<string, unknown>;
    const checkpoint = { files, path: folder, visionLayers: sees ? 2 : 0, config: {} } as unknown as Checkpoint;
    const render = await readChatTemplate(checkpoint, { config, namedTokens: {} } as unknown as TextTokenizer);
    return render?.([]);
  }

  for (const { sees, places, taken } of cases)
    // Where transformers has none and refuses, the only template there is counts here.
    it(`${sees ? 'with images' : 'text only'}, of ${places.join(', ')}`, async () => {
      const found = await template(sees, places);
      if (taken !== null) assert.equal(found, taken);
      else assert.ok(places.includes(found!));
    });
});
