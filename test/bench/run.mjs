#!/usr/bin/env node
// Benchmarks, side by side in one run, interleaved, medians.
//   npm run bench -- compare|grading|merge|model|probe|spectrum|trajectory [--repeat N] [--write]
//   npm run bench -- trajectory [--steps N]: checkpoints, 20 when left out
//   npm run bench -- large [--large 3B|7B] [--write]: needs 8 or 17 GB of disk for a while
// --write puts the table into docs/benchmarks.md.
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { benchCompare } from './compare.mjs';
import { benchGrading } from './grading.mjs';
import { benchLarge } from './large.mjs';
import { benchMerge } from './merge.mjs';
import { benchModel } from './model.mjs';
import { benchProbe } from './probe.mjs';
import { benchSpectrum } from './spectrum.mjs';
import { benchTrajectory } from './trajectory.mjs';

const root = path.dirname(path.dirname(path.dirname(fileURLToPath(import.meta.url))));
/** @type {Record<string, (options: {root: string, repeat: number, large: string, steps: number, log: (line: string) => void}) => Promise<string>>} */
const BENCHES = {
  compare: benchCompare,
  grading: benchGrading,
  large: benchLarge,
  merge: benchMerge,
  model: benchModel,
  probe: benchProbe,
  spectrum: benchSpectrum,
  trajectory: benchTrajectory,
};

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    large: { type: 'string', default: '3B' },
    repeat: { type: 'string', default: '7' },
    steps: { type: 'string', default: '20' },
    write: { type: 'boolean', default: false },
  },
});
const name = positionals[0] ?? '';
const bench = BENCHES[name];
const repeat = Number(values.repeat);
const steps = Number(values.steps);
if (
  !bench ||
  positionals.length > 1 ||
  !Number.isInteger(repeat) ||
  repeat < 1 ||
  !Number.isInteger(steps) ||
  steps < 2
) {
  console.error(`Usage: npm run bench -- ${Object.keys(BENCHES).join('|')} [--repeat N] [--write]`);
  process.exit(2);
}

// Of the time before: the bench itself makes a load.
const header = machine();
const table = await bench({
  root,
  repeat,
  steps,
  large: values.large === '7B' ? '7B' : '3B',
  log: (line) => console.error(line),
});
const report = `${header}\n\n${table}`;
console.log(report);
if (values.write) writeReport(path.join(root, 'docs', 'benchmarks.md'), name, report);

function machine() {
  const [cpu] = os.cpus();
  const release = fs.existsSync('/etc/os-release')
    ? /^PRETTY_NAME="(.*)"$/m.exec(fs.readFileSync('/etc/os-release', 'utf8'))?.[1]
    : undefined;
  const parts = [
    `${new Date().toISOString().slice(0, 10)}`,
    `${cpu?.model.trim() ?? 'unknown processor'}, ${os.availableParallelism()} cores${features()}`,
    `${(os.totalmem() / 2 ** 30).toFixed(0)} GiB memory`,
    release ?? `${os.type()} ${os.release()}`,
    `Node ${process.versions.node}`,
    `load ${os.loadavg()[0]?.toFixed(1)} before`,
  ];
  const size = name === 'large' ? ` --large ${values.large}` : ` --repeat ${repeat}`;
  const counted = name === 'trajectory' && steps !== 20 ? ` --steps ${steps}` : '';
  return `${parts.join(' · ')}. Command: \`npm run bench -- ${name}${size}${counted}\`.`;
}

/** What the processor has that products and conversions use (Linux). */
function features() {
  if (!fs.existsSync('/proc/cpuinfo')) return '';
  const flags = new Set(/^flags\s*:(.*)$/m.exec(fs.readFileSync('/proc/cpuinfo', 'utf8'))?.[1]?.trim().split(' '));
  const known = ['avx2', 'fma', 'f16c', 'avx512f', 'avx512_bf16', 'avx512_vnni', 'amx_bf16', 'asimd', 'bf16'];
  const found = known.filter((name) => flags.has(name));
  return found.length === 0 ? '' : ` (${found.join(', ')})`;
}

/**
 * Replaces what stands between the bench's two markers.
 * @param {string} file @param {string} section @param {string} content
 */
function writeReport(file, section, content) {
  const [start, end] = [`<!-- ${section}: written by npm run bench -->`, `<!-- /${section} -->`];
  const text = fs.readFileSync(file, 'utf8');
  const [from, to] = [text.indexOf(start), text.indexOf(end)];
  if (from < 0 || to < from) throw new Error(`${file} lacks the lines ${start} and ${end}`);
  fs.writeFileSync(file, `${text.slice(0, from)}${start}\n${content}\n${text.slice(to)}`);
}
