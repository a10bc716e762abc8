/** Protocol…: what is asked, what is remembered per checkpoint. */
import { answers, picks } from '../../fixtures/vscode.js';
import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { beforeEach, describe, it } from 'vitest';
import { askProtocol, type ProtocolChoice, protocolItem } from '../../../src/commands/protocol.js';
import { EvaluationMemory, type Store } from '../../../src/services/questionMemory.js';

const STAGES = [
  { path: '/m/in', label: 'in' },
  { path: '/m/rl', label: 'rl' },
];

function store(): Store {
  const kept = new Map<string, unknown>();
  return {
    get: <T>(key: string) => kept.get(key) as T | undefined,
    update: (key, value) => Promise.resolve(void kept.set(key, value)),
  };
}

describe('the protocol in VS Code', () => {
  beforeEach(() => {
    picks.length = 0;
    answers.length = 0;
  });

  it('is remembered per checkpoint, as one text where all have the same', async () => {
    const memory = new EvaluationMemory(store());
    await memory.remember({ checkpoints: STAGES, data: '/d', system: [{ text: 'Think.', checkpoint: '/m/rl' }] });
    assert.deepEqual(memory.words(['/m/in', '/m/rl']), { system: [{ text: 'Think.', checkpoint: '/m/rl' }] });
    assert.deepEqual(memory.words(['/m/in']), {});
    assert.deepEqual(memory.words(['/m/rl']), { system: [{ text: 'Think.' }] });
    await memory.remember({
      checkpoints: [STAGES[0]!],
      data: '/d',
      system: [{ text: 'Think.' }],
      prefix: [{ text: 'Now:' }],
    });
    assert.deepEqual(memory.words(['/m/in', '/m/rl']), { system: [{ text: 'Think.' }], prefix: [{ text: 'Now:' }] });
  });

  it('says in one line of the options what it changes', () => {
    assert.equal(protocolItem({}).description, "the checkpoints' own prompts, all rows");
    assert.equal(protocolItem({ where: ['a=b'], minPixels: 4 }).description, 'image pixels, rows');
  });

  it('asks for what is chosen, and ends with Done', async () => {
    const protocol: ProtocolChoice = {};
    const asked = askProtocol('Evaluate Abilities', protocol, STAGES);
    const choose = async (label: string, text?: string) => {
      if (text !== undefined) answers.push(text);
      await sleep(1);
      picks.at(-1)!.choose(label);
      picks.at(-1)!.accept();
      await sleep(1);
    };
    await choose('System prompt of rl', 'Think.');
    await choose('Rows', 'level >= 4; subject=Algebra');
    await choose('Done');
    await asked;
    assert.deepEqual(protocol, {
      system: [{ text: 'Think.', checkpoint: '/m/rl' }],
      where: ['level >= 4', 'subject=Algebra'],
    });
  });
});
