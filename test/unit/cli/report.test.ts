/** `frankenstein report` as it is typed. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, it } from 'vitest';
import { run, sentenceOf } from './cli.js';

describe('frankenstein report', () => {
  it('writes a stored result as a document, once', async () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'frankenstein-test-'));
    const args = ['report', path.resolve('samples/freeze/report.json'), '--out', 'report', '--title', 'Mine <b>'];
    const first = await run(args, { cwd: folder });
    assert.deepEqual([first.code, first.stderr], [0, '']);
    assert.match(first.stdout, /report\.html: 1 figures, 4 tables, 15 files in all\.\n$/);
    const html = readFileSync(path.join(folder, 'report', 'report.html'), 'utf8');
    assert.match(html, /<h1>Mine &lt;b&gt;<\/h1>/);
    assert.match(readFileSync(path.join(folder, 'report', 'figures', 'freezing-contrasts.pdf'), 'latin1'), /^%PDF/);
    const second = await run(args, { cwd: folder });
    assert.equal(second.code, 2);
    assert.match(sentenceOf(second), /holds a report already: --force replaces it/);
  });
});
