import assert from 'node:assert/strict';
import { describe, it } from 'vitest';
import { configFigures } from './configFigures.js';
import { jsonKeys } from './jsonKeys.js';
import { Lookup } from './lookup.js';
import { sampleResult } from '../../test/unit/host/sampleResult.js';

const keysOf = (text: string) => jsonKeys(text).map(({ path, line }) => `${line} ${path.join('/')}`);

describe('keys of a config', () => {
  it('have their path and line', () => {
    const text =
      '{\n  "a": 1,\n  "text_config": {\n    "n": [ {"deep": "x"}, 2 ],\n    "m": "a \\" \\\\"\n  },\n  "z": null\n}';
    assert.deepEqual(keysOf(text), [
      '1 a',
      '2 text_config',
      '3 text_config/n',
      '3 text_config/n/deep',
      '4 text_config/m',
      '6 z',
    ]);
  });

  it('strings that look like keys or brackets are none', () => {
    assert.deepEqual(keysOf('{"a": "{ \\"b\\": 1 }", "c": ["d", "e"]}'), ['0 a', '0 c']);
  });

  it('survive a file that is being typed', () => {
    for (const text of ['', '{', '{"a', '{"a":', '{"a": "open\n"b": 1}', '}}}]"x":1', '[[[', '{"a": {"b": 1'])
      jsonKeys(text);
    assert.deepEqual(keysOf('{"a": {"b": 1'), ['0 a', '0 a/b']);
  });
});

describe('figures in a config', () => {
  const options = { roundingFloorWarnings: true };
  const figures = (config: object, stage = 2) =>
    configFigures(jsonKeys(JSON.stringify(config, null, 2)), new Lookup(sampleResult(), stage), options).map(
      ({ line, heading, lenses }) => [line, heading, ...lenses] as const,
    );

  it('stand at the depth of the language part, the vision part, the projector and the vocabulary', () => {
    const found = figures({
      model_type: 'qwen2_5_vl',
      vision_config: { depth: 4, num_hidden_layers: 4, out_hidden_size: 2048 },
      text_config: { num_hidden_layers: 6, vocab_size: 151936 },
    });
    assert.deepEqual(
      found.map(([line, heading]) => [line, heading]),
      [
        [2, 'Vision tower'],
        [5, 'Projector'],
        [8, 'Language layers'],
        [9, 'Embedding'],
      ],
    );
    const language = found[2]!;
    assert.equal(language[2], 'language: ΔIN 0.0100 · 2.00× floor · 22.0% changed');
    assert.equal(language[3], 'language: ΔRL 3.10e-4 · 2.00× floor · 22.0% changed');
    assert.equal(language[4], 'ΔRL early 3.10e-4 · mid 6.20e-4 · late 9.30e-4');
  });

  it('stand once, where a flat config of an old family has the key', () => {
    assert.deepEqual(
      figures({ num_hidden_layers: 6, text_config: { num_hidden_layers: 6 } }).map(([line]) => line),
      [1],
    );
  });

  it('the first stage speaks of the update that left it', () => {
    assert.match(figures({ num_hidden_layers: 6 }, 0)[0]!.at(-1) as string, /^ΔIN early/);
  });
});
