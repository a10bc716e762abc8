/** What is derived from the definitions of the analyses: options, stored requests, keys, published schemas. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import path from 'node:path';
import { promisify } from 'node:util';
import type * as v from 'valibot';
import { describe, it } from 'vitest';
import { analysisCommands } from '../../../cli/analysisCommand.js';
import { ANALYSES } from '../analyses.js';
import { compareRequest } from '../compare/request.js';
import { notesOf } from './field.js';
import { questionOf } from './question.js';
import { asked, keyOfRequest, parseRequest, restoreRequest } from './request.js';
import { evaluateRequest } from '../evaluate/request.js';
import { probeRequest } from '../probe/request.js';
import type { CommandContext } from '../../../cli/options.js';

const entriesOf = (schema: v.GenericSchema) =>
  Object.values((schema as unknown as { entries: Record<string, v.GenericSchema> }).entries);
const same = (location: string) => location;

describe('definitions of analyses', () => {
  it('name their runs and titles once', () => {
    for (const kinds of [
      ANALYSES.map(({ name }) => name),
      ANALYSES.flatMap(({ runKinds }) => runKinds),
      ANALYSES.flatMap(({ titles }) => Object.keys(titles)),
    ])
      assert.equal(new Set(kinds).size, kinds.length, String(kinds));
  });

  it('give every option of every field to a command, with its help', () => {
    const context = { engine: {} as CommandContext['engine'], signal: new AbortController().signal };
    const commands = [...analysisCommands(context, 'lineages'), ...analysisCommands(context, 'models')];
    const offered = new Set(
      [...commands, ...commands.flatMap((command) => command.commands)].flatMap(({ options }) =>
        options.map(({ flags, description }) => (description === '' ? '' : flags)),
      ),
    );
    for (const { request } of ANALYSES)
      for (const { flags } of entriesOf(request).map(notesOf))
        for (const { syntax } of flags) assert.ok(offered.has(syntax), syntax);
  });

  it('load their texts without the mathematics', async () => {
    for (const { report } of ANALYSES) assert.equal(typeof (await report()).report, 'function');
  });

  it('have JSON Schemas in media/schemas that are current', async () => {
    await promisify(execFile)(process.execPath, [path.resolve('scripts/schemas.mjs'), '--check']);
  });
});

describe('requests', () => {
  const probe = { kind: 'swap' as const, checkpoints: [{ path: '/m/rl', label: 'RL' }], data: '/d' };

  it('get their defaults from the schema', () => {
    const { maxNewTokens, seed, mode, badLines } = parseRequest(probeRequest, probe);
    assert.deepEqual([maxNewTokens, seed, mode, badLines], [128, 0, 'from', 'stop']);
    assert.equal(parseRequest(evaluateRequest, { checkpoints: [{ path: '/m' }], data: '/d' }).maxNewTokens, 512);
  });

  it('are refused in the sentence of the field', () => {
    const cases: [object, RegExp][] = [
      [{ ...probe, samples: 0 }, /^The number of samples must be a whole number of at least 1; 0 given\.$/],
      [{ ...probe, seed: 0.5 }, /^The seed must be a whole number; 0\.5 given\.$/],
      [{ ...probe, kind: 'smell' }, /^There is no probe "smell"\.$/],
      [{ ...probe, threads: 1.5 }, /^The number of threads must be a whole number of at least 1\.$/],
    ];
    for (const [request, message] of cases)
      assert.throws(() => parseRequest(probeRequest, request), { code: 'bad-request', message });
    assert.throws(() => parseRequest(compareRequest, { stages: [{ path: '/a' }] }), /at least two checkpoints/);
  });

  it('are stored without the settings of the machine, the environment, and what they mean anyway', () => {
    const grader = { kind: 'endpoint' as const, url: 'http://localhost/v1', model: 'm', keyVariable: 'KEY' };
    const request = { checkpoints: [{ path: 'in' }], data: 'd', seed: 0, memory: 5, runsFolder: '/r', grader };
    assert.deepEqual(questionOf(evaluateRequest, request, ['IN']), {
      checkpoints: [{ path: path.resolve('in'), label: 'IN' }],
      data: path.resolve('d'),
      grader: { kind: 'endpoint', url: 'http://localhost/v1', model: 'm' },
    });
  });

  it('come back as they were given, without what is not of the right kind', () => {
    const given = { ...probe, mode: 'from' as const, depths: [1, 2] };
    assert.deepEqual(restoreRequest(probeRequest, JSON.parse(JSON.stringify(given))), given);
    assert.deepEqual(restoreRequest(probeRequest, { ...given, depths: ['a'], mode: 5, other: 1, threads: 2 }), probe);
    assert.equal(restoreRequest(probeRequest, { ...probe, data: 5 }), undefined);
    for (const none of [undefined, null, 5, 'text', [], {}])
      assert.equal(restoreRequest(probeRequest, none), undefined);
  });

  it('are the same work whatever is only looked at, spelt out, or of the machine', () => {
    const key = (request: v.InferInput<typeof probeRequest>) => keyOfRequest(probeRequest, request, same);
    for (const other of [
      { ...probe, cuts: [1, 2] as [number, number] },
      { ...probe, memory: 5, threads: 2, runsFolder: '/r' },
      { ...probe, seed: 0, badLines: 'stop' as const },
      { ...probe, checkpoints: [{ path: '/m/rl', label: 'other' }] },
    ])
      assert.equal(key(other), key(probe));
    for (const other of [
      { ...probe, seed: 1 },
      { ...probe, depths: [0] },
      { ...probe, data: '/other' },
    ])
      assert.notEqual(key(other), key(probe));
    assert.deepEqual(asked(probeRequest, { ...probe, seed: 0, threads: 3 }), probe);
  });
});
