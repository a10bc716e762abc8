// `frankenstein merge` against mergekit and cp, on a Qwen2.5-VL-3B-shaped bf16 pair: a splice, whose tensors move as
// they are. And how long a new stitch of the sample lineage takes to its first token.
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { generate } from './generate.mjs';
import { median, peakMemory, run } from './measure.mjs';

/** @param {{root: string, repeat: number, log: (line: string) => void}} options */
export async function benchMerge({ root, repeat, log }) {
  const cli = path.join(root, 'dist', 'cli.cjs');
  if (!fs.existsSync(cli) && spawnSync('npm', ['run', 'build'], { cwd: root, stdio: ['ignore', 2, 2] }).status !== 0)
    throw new Error('npm run build failed');
  const largest = (await generate(path.join(root, '.cache', 'bench'), log)).at(-1);
  // On the disk of the checkpoints: a rename across disks would be a copy.
  const scratch = fs.mkdtempSync(path.join(root, '.cache', 'bench', 'merge-'));
  try {
    const recipe = path.join(scratch, 'splice.frank.yaml');
    fs.writeFileSync(
      recipe,
      `checkpoints: {in: ${JSON.stringify(largest.before)}, rl: ${JSON.stringify(largest.after)}}\nstitch: IN:RL:RL\n`,
    );
    const config = path.join(scratch, 'splice.yaml');
    const made = spawnSync(process.execPath, [cli, 'merge', recipe, '--mergekit', config], { encoding: 'utf8' });
    if (made.status !== 0) throw new Error(made.stderr);
    let count = 0;
    const fresh = () => path.join(scratch, `out-${count++}`);
    const mergekit = findMergekit();
    const commands = [
      {
        name: 'frankenstein merge',
        of: () => ({ program: process.execPath, args: [cli, 'merge', recipe, '--out', fresh()] }),
      },
      ...(mergekit
        ? [
            {
              name: 'mergekit',
              of: () => ({
                program: mergekit,
                args: [config, fresh(), '--lazy-unpickle', '--allow-crimes', '--no-copy-tokenizer'],
              }),
            },
          ]
        : []),
      { name: '`cp` of the same bytes', of: () => ({ program: 'cp', args: ['-rL', largest.before, fresh()] }) },
    ].map((command) => ({
      ...command,
      seconds: /** @type {number[]} */ ([]),
      memory: /** @type {import('./measure.mjs').Memory | undefined} */ (undefined),
    }));
    for (let round = 0; round <= repeat; round++) {
      for (const command of commands) {
        const { seconds } = await run(command.of());
        clean(scratch);
        if (round === 0) continue; // warms the page cache
        command.seconds.push(seconds);
        log(`${round}/${repeat} ${command.name}: ${seconds.toFixed(3)} s`);
      }
    }
    for (const command of commands) {
      command.memory = await peakMemory(command.of());
      clean(scratch);
    }
    return `${report(commands, sizeOf(largest.before))}\n\n${await firstToken(root, cli, scratch, repeat)}`;
  } finally {
    fs.rmSync(scratch, { recursive: true, force: true });
  }
}

/** What a run has written goes before the next, so that the disk's cache is as empty for each. @param {string} scratch */
function clean(scratch) {
  for (const name of fs.readdirSync(scratch))
    if (name.startsWith('out-')) fs.rmSync(path.join(scratch, name), { recursive: true });
  spawnSync('sync');
}

/** @returns {string | undefined} `mergekit-yaml`, beside a Python of its own or on the path */
function findMergekit() {
  const { FRANKENSTEIN_MERGEKIT: given } = process.env;
  return [given, 'mergekit-yaml']
    .filter((one) => one !== undefined && one !== '')
    .find((one) => spawnSync(one, ['--help'], { stdio: 'ignore' }).status === 0);
}

/** @param {string} folder */
function sizeOf(folder) {
  return fs.readdirSync(folder).reduce((sum, name) => sum + fs.statSync(path.join(folder, name)).size, 0);
}

/** The whole command: process, engine, opening both checkpoints, prompt, one token. */
async function firstToken(root, cli, scratch, repeat) {
  const lineage = path.join(root, 'samples', 'lineage');
  const recipe = path.join(scratch, 'sample.frank.yaml');
  /** @type {number[]} */
  const seconds = [];
  for (let round = 0; round <= repeat; round++) {
    // Another cut each time: a stitch that has never been run.
    fs.writeFileSync(
      recipe,
      `checkpoints: {in: ${JSON.stringify(path.join(lineage, 'in'))}, rl: ` +
        `${JSON.stringify(path.join(lineage, 'rl'))}}\nstitch: {early: in, mid: rl, late: rl, cuts: ` +
        `[${1 + (round % 11)}, 12]}\n`,
    );
    const { seconds: own } = await run({
      program: process.execPath,
      args: [cli, 'generate', recipe, '--prompt', 'What is 3 + 4?', '--max-new-tokens', '1', '--json'],
    });
    if (round > 0) seconds.push(own);
  }
  return (
    `First token of a stitch that was never run (sample lineage, whole command): ${median(seconds).toFixed(2)} ` +
    `s, median of ${repeat}.`
  );
}

/** @param {{name: string, seconds: number[], memory: import('./measure.mjs').Memory | undefined}[]} commands @param {number} bytes */
function report(commands, bytes) {
  const own = median(commands[0].seconds);
  const rows = commands.map(({ name, seconds, memory }) => {
    const time = median(seconds);
    return (
      `| ${name} | ${time.toFixed(2)} | ${(bytes / time / 1e9).toFixed(2)} | ${(time / own).toFixed(2)}× | ` +
      `${memory ? `${(memory.anonymous / 1e6).toFixed(0)}` : '–'} |`
    );
  });
  return [
    `A stitch of two checkpoints of ${(bytes / 1e9).toFixed(2)} GB, written out; medians of ` +
      `${commands[0].seconds.length}, whole processes.`,
    '',
    '| | seconds | GB/s | time against ours | memory, MB |',
    '| --- | ---: | ---: | ---: | ---: |',
    ...rows,
  ].join('\n');
}
