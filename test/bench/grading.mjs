// Judging answers against math-verify: how many of the answers made by seed each judges wrongly, and how long it takes.
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { build } from 'esbuild';
import { median, run } from './measure.mjs';

/** Rounds in one process, of which the last counts: both are slow until compiled. */
const ROUNDS = '2';

/**
 * @typedef {{kind: string, right: boolean}} Row
 * @typedef {{rows: number, seconds: number, verdicts: string, version?: string}} Judged
 * @param {{root: string, repeat: number, log: (line: string) => void}} options
 */
export async function benchGrading({ root, repeat, log }) {
  const file = path.join(root, 'test/parity/evaluate/grading/variants.json');
  /** @type {Row[]} */
  const rows = JSON.parse(fs.readFileSync(file, 'utf8'));
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'frankenstein-grading-'));
  try {
    const program = path.join(folder, 'grading.cjs');
    await build({
      entryPoints: [path.join(root, 'test/bench/gradingEngine.ts')],
      outfile: program,
      bundle: true,
      platform: 'node',
      logLevel: 'error',
    });
    const commands = [
      { program: process.execPath, args: [program, file, ROUNDS] },
      {
        // A Python with math-verify.
        program: process.env['FRANKENSTEIN_PYTHON'] ?? 'python3',
        args: [path.join(root, 'test/bench/grading_math_verify.py'), file, ROUNDS],
      },
    ];
    /** @type {Judged[][]} */
    const judged = [[], []];
    for (let round = 0; round < repeat; round++)
      for (const [index, command] of commands.entries()) {
        log(`grading ${round + 1} of ${repeat}, ${index === 0 ? 'frankenstein' : 'math-verify'}`);
        judged[index]?.push(JSON.parse((await run(command)).output));
      }
    return tables(rows, judged[0] ?? [], judged[1] ?? []);
  } finally {
    fs.rmSync(folder, { recursive: true, force: true });
  }
}

/** @param {Row[]} rows @param {Judged[]} ours @param {Judged[]} theirs */
function tables(rows, ours, theirs) {
  const speed = [ours, theirs].map((runs) => rows.length / median(runs.map(({ seconds }) => seconds)));
  const lines = [
    `Load while measuring: ${os.loadavg()[0]?.toFixed(1)}. Answers per second: frankenstein ` +
      `${speed[0]?.toFixed(0)}, math-verify ${theirs[0]?.version} ${speed[1]?.toFixed(0)} ` +
      `(${((speed[0] ?? 0) / (speed[1] ?? 1)).toFixed(1)} ×).`,
    '',
    '| kind | answers | right | missed | by math-verify | wrong | called right | by math-verify |',
    '| --- | --- | --- | --- | --- | --- | --- | --- |',
  ];
  for (const kind of [...new Set(rows.map((row) => row.kind)), 'all']) {
    const places = rows.flatMap((row, index) => (kind === 'all' || row.kind === kind ? [index] : []));
    const counts = [true, false].flatMap((right) => {
      const some = places.filter((index) => rows[index]?.right === right);
      const mistaken = [ours, theirs].map(
        ([first]) => some.filter((index) => first?.verdicts[index] !== (right ? '1' : '0')).length,
      );
      return [some.length, ...mistaken];
    });
    lines.push(`| ${[kind, places.length, ...counts].join(' | ')} |`);
  }
  return lines.join('\n');
}
