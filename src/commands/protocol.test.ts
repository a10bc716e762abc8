/** Protocol…: what is asked, what is remembered per checkpoint. */
import { answers, picks } from '../../test/fixtures/vscode.js';
import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { beforeEach, describe, it } from 'vitest';
import { askProtocol, type ProtocolChoice, protocolItem } from './protocol.js';
import { samplingIn, samplingItem } from './sampling.js';
import { RecentEvaluations, type Store } from '../services/recentQuestions.js';

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
    const memory = new RecentEvaluations(store());
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

  it('takes files of ids and columns, and a draw', async () => {
    const protocol: ProtocolChoice = {};
    const asked = askProtocol('Evaluate Abilities', protocol, STAGES);
    const choose = async (label: string, ...given: unknown[]) => {
      answers.push(...given);
      await sleep(1);
      picks.at(-1)!.choose(label);
      picks.at(-1)!.accept();
      await sleep(1);
    };
    await choose('Question ids', [{ fsPath: '/d/splits/mv.jsonl' }]);
    await choose('Draw with NumPy', '123');
    await choose('Columns', [{ fsPath: '/d/own.yaml' }]);
    assert.deepEqual(protocol, { ids: '/d/splits/mv.jsonl', draw: 'numpy:123', mapping: '/d/own.yaml' });
    assert.equal(protocolItem(protocol).description, 'columns, ids, draw');
    await choose('Question ids');
    await choose('None');
    await choose('Columns');
    await choose('Another File…', undefined);
    await choose('Done');
    await asked;
    assert.deepEqual(protocol, { draw: 'numpy:123', mapping: '/d/own.yaml' });
  });

  it('reads sampling as people write it, and says what is wrong with it', () => {
    const READ: [string, unknown][] = [
      ['', {}],
      ['8 answers, temperature 0.7, top-p 0.95, top-k 50', { answers: 8, temperature: 0.7, topP: 0.95, topK: 50 }],
      ['1 answer; temperature=1', { answers: 1, temperature: 1 }],
      ['Temperature 0.7, top p 1', { temperature: 0.7, topP: 1 }],
      ['8 answers', 'Without a temperature every answer is the same: give one, such as temperature 0.7.'],
      ['temperature 0', 'The temperature is a number above 0.'],
      ['temperature 1, top-p 2', 'Top-p is above 0 and at most 1.'],
      ['1.5 answers, temperature 1', 'Answers and top-k are whole numbers above zero.'],
      ['temperature 1, temperature 2', 'temperature is given twice.'],
      ['warmth 3', '"warmth 3" is none of answers, temperature, top-p and top-k with a number.'],
      ['3 answers 4', '"3 answers 4" is none of answers, temperature, top-p and top-k with a number.'],
      ['temperature 1.2.3', '"temperature 1.2.3" is none of answers, temperature, top-p and top-k with a number.'],
    ];
    for (const [text, means] of READ) assert.deepEqual(samplingIn(text), means, text);
    assert.equal(samplingItem({}).description, 'off: one greedy answer');
    const all = { answers: 8, temperature: 0.7, topP: 0.95, topK: 50 };
    assert.deepEqual(samplingIn(samplingItem(all).description!), all);
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
