/** The numbers that docs/architecture.md states as those of the code are those of the code. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import vm from 'node:vm';
import { describe, it } from 'vitest';

const PAGE = readFileSync('docs/architecture.md', 'utf8').replace(/\s+/g, ' ');

/** What the page says, with its number as a group; the constant it is of, and how many of its units make one of the page's. */
const STATED: readonly [says: RegExp, file: string, constant: string, units?: number][] = [
  [
    /reads pieces of at most (\S+) MiB over all its stages/,
    'src/engine/analyses/compare/plan.ts',
    'PIECE_BYTES',
    2 ** 20,
  ],
  [/cuts tensors into pieces of (\S+) MiB/, 'src/engine/analyses/compare/plan.ts', 'PIECE_BYTES', 2 ** 20],
  [/and (\S+) in a spectrum/, 'src/engine/analyses/spectrum/fast/mapped.ts', 'ROW'],
  [/pieces of up to (\S+) Ki elements/, 'src/engine/analyses/compare/sums.ts', 'SMALL', 2 ** 10],
  // A row is summed eight lanes at a time.
  [/for at most (\S+) additions in a row in a comparison/, 'src/engine/analyses/compare/sums.assembly.ts', 'ROW', 8],
  [/Sums of (\S+) numbers stay in fp32/, 'src/engine/analyses/compare/sums.assembly.ts', 'ROW', 8],
  [/asked for 2\^(\S+) elements at a time/, 'src/engine/tensors/computed.ts', 'Math.log2(BLOCK)'],
  [/`runtime\/matching`, (\S+) s\)/, 'src/engine/runtime/matching.ts', 'LIMIT', 1000],
  [/weights of up to (\S+) GiB in all are widened/, 'src/engine/models/plan.ts', 'WIDE_BYTES', 2 ** 30],
  [/`GRADING_VERSION`, now (\d+)\)/, 'src/engine/grading/grade.ts', 'GRADING_VERSION'],
  [/cut a template off after (\S+) s/, 'src/engine/models/processor/chatTemplate.ts', 'TIME_LIMIT', 1000],
  [/reading a tokenizer after (\S+) s/, 'src/engine/models/processor/tokenizer.ts', 'READING_LIMIT', 1000],
  [/one text after (\S+) s/, 'src/engine/models/processor/tokenizer.ts', 'TEXT_LIMIT', 1000],
  [/and (\S+) ms per character/, 'src/engine/models/processor/tokenizer.ts', 'CHARACTER_LIMIT'],
  [/and (\S+) evenly spread blocks/, 'src/engine/checkpoint/fingerprint.ts', 'SAMPLES'],
  [/in which for (\S+) minutes no test ends/, 'scripts/watchdog.mjs', 'STILL_MINUTES'],
  [/uses (\S+) minutes of processor time/, 'scripts/watchdog.mjs', 'SPIN_MINUTES'],
];

describe('docs/architecture.md', () => {
  for (const [says, file, constant, units = 1] of STATED)
    it(`states ${constant} of ${file}: ${says.source}`, () => {
      const stated = says.exec(PAGE)?.[1];
      assert.ok(stated, 'the page does not say it any more');
      const name = /[A-Z][A-Z_]+/.exec(constant)![0];
      const value = new RegExp(`const ${name}(?:: \\w+)? = ([^;]+);`).exec(readFileSync(file, 'utf8'))?.[1];
      assert.ok(value, `${file} has no such constant any more`);
      const number = vm.runInNewContext(constant.replace(name, `(${value})`)) as number;
      assert.equal(Number(stated.replaceAll(',', '')), number / units);
    });

  it('names files and folders of the engine that exist', () => {
    const gone = [...PAGE.matchAll(/`((?:test|docs|scripts|src|webview)\/[\w./-]+)`/g)]
      .map(([, file]) => file!)
      .filter((file) => {
        try {
          readFileSync(file);
          return false;
        } catch (error) {
          return (error as NodeJS.ErrnoException).code !== 'EISDIR';
        }
      });
    assert.deepEqual(gone, []);
  });
});
