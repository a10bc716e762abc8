// `frankenstein trajectory` over twenty checkpoints, each the size of the comparison's largest, beside `frankenstein
// compare` of two of them: what another checkpoint costs.
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { generate } from './generate.mjs';
import { median, peakMemory, run } from './measure.mjs';

/** @param {{root: string, repeat: number, steps: number, log: (line: string) => void}} options */
export async function benchTrajectory({ root, repeat, steps, log }) {
  const cli = path.join(root, 'dist', 'cli.cjs');
  if (!fs.existsSync(cli) && spawnSync('npm', ['run', 'build'], { cwd: root, stdio: ['ignore', 2, 2] }).status !== 0)
    throw new Error('npm run build failed');
  const cache = path.join(root, '.cache', 'bench');
  const { before, after, bytes } = (await generate(cache, log)).at(-1);
  const scratch = fs.mkdtempSync(path.join(cache, 'trajectory-'));
  try {
    const folder = path.join(scratch, 'run');
    // Files of their own to the program, which reads each; the same pages to the machine, so that all are in the cache.
    for (let step = 1; step <= steps; step++)
      linkAll(step % 2 === 1 ? before : after, path.join(folder, `checkpoint-${step}`));
    const threads = ['--threads', String(os.availableParallelism())];
    const kept = () => [
      '--runs',
      fs.mkdtempSync(path.join(scratch, 'runs-')),
      '--json',
      path.join(scratch, 'out.json'),
    ];
    const commands = [
      { name: `trajectory, ${steps} checkpoints`, args: () => ['trajectory', folder, '--no-directions'], count: steps },
      { name: 'compare, 2 checkpoints', args: () => ['compare', before, after], count: 2 },
    ].map((command) => ({
      ...command,
      of: () => ({ program: process.execPath, args: [cli, ...command.args(), ...threads, ...kept()] }),
      seconds: /** @type {number[]} */ ([]),
    }));
    const plan = JSON.parse(
      spawnSync(process.execPath, [
        cli,
        'trajectory',
        folder,
        '--no-directions',
        '--plan',
        '--json',
        '-',
      ]).stdout.toString(),
    );
    for (let round = 0; round <= repeat; round++)
      for (const { name, of, seconds } of commands) {
        const { seconds: wall } = await run(of());
        if (round === 0) continue; // warms the page cache, and whatever else warms
        seconds.push(wall);
        log(`${round}/${repeat} ${name}: ${wall.toFixed(3)} s`);
      }
    const rows = [];
    /** @type {{wall: number, each: number}[]} Seconds, in all and per checkpoint. */
    const times = [];
    for (const { name, of, seconds, count } of commands) {
      const wall = median(seconds);
      const memory = await peakMemory(of());
      times.push({ wall, each: wall / count });
      rows.push([
        name,
        `${((count * bytes) / 1e9).toFixed(2)} GB`,
        wall.toFixed(3),
        `${Math.min(...seconds).toFixed(3)}–${Math.max(...seconds).toFixed(3)}`,
        (wall / count).toFixed(3),
        ((count * bytes) / 1e9 / wall).toFixed(2),
        memory ? `${Math.round(memory.total / 1e6)} MB` : '',
      ]);
    }
    const header = ['', 'read', 'wall, s', 'least–most', 's per checkpoint', 'GB/s', 'peak memory'];
    const table = [header, header.map(() => '---'), ...rows].map((row) => `| ${row.join(' | ')} |`).join('\n');
    const verdict = (/** @type {boolean} */ isMet) => (isMet ? 'met' : '**missed**');
    const [trajectory, comparison] = /** @type {[typeof times[0], typeof times[0]]} */ (times);
    const goals = [
      [
        'each byte is read once',
        `${plan.bytes} planned of ${steps * bytes} stored`,
        verdict(plan.bytes === steps * bytes),
      ],
      ...[
        { of: 'a checkpoint takes no longer than a comparison', least: comparison.wall },
        { of: 'nor than half of one, per checkpoint that it reads', least: comparison.each },
      ].map(({ of, least }) => [of, `${(trajectory.each / least).toFixed(2)} ×`, verdict(trajectory.each <= least)]),
    ];
    const verdicts = goals.map((row) => `| ${row.join(' | ')} |`).join('\n');
    return `${table}\n\n| goal | measured | |\n| --- | --- | --- |\n${verdicts}`;
  } finally {
    fs.rmSync(scratch, { recursive: true, force: true });
  }
}

/** @param {string} from @param {string} to */
function linkAll(from, to) {
  fs.mkdirSync(to, { recursive: true });
  for (const name of fs.readdirSync(from)) fs.linkSync(fs.realpathSync(path.join(from, name)), path.join(to, name));
}
