import assert from 'node:assert/strict';
import { describe, it } from 'vitest';
import { withoutFolders, withoutKnown } from './anonymous.js';

describe('texts of a report', () => {
  it('name files and no folders', () => {
    const cases: [string, string][] = [
      ['/home/ann/models/in was read', 'in was read'],
      ['BASE+/mnt/x/adapter: no base', 'BASE+adapter: no base'],
      ['"C:\\Users\\ann\\rl" and D:/x', '"rl" and D:/x'],
      [
        '‖ΔW‖ / ‖W‖, a/b, and/or, 1/2, </text> http://www.w3.org/2000/svg',
        '‖ΔW‖ / ‖W‖, a/b, and/or, 1/2, </text> http://www.w3.org/2000/svg',
      ],
      ['endpoint:http://node7.cluster:8000/v1#my-model', 'endpoint:…#my-model'],
      ['{"kind":"endpoint","url":"http://10.0.0.7/v1","model":"m"}', '{"kind":"endpoint","url":"…","model":"m"}'],
    ];
    for (const [text, plain] of cases) assert.equal(withoutFolders(text, []), plain);
  });

  it('lose paths with spaces where these are known, and keep what only looks like a path', () => {
    assert.equal(withoutFolders('/my models/in (SHA-256 1…)', ['/my models/in']), 'in (SHA-256 1…)');
    assert.equal(withoutKnown('Answer as /a/b/ and /x/in', ['/x/in']), 'Answer as /a/b/ and in');
  });
});
