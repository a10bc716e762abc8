/**
 * What the end-to-end suites share: the panel as a person sees it, numbers worked out a second time from the bytes on
 * disk, and comparisons long enough to be looked at while they run.
 */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { closeSync, existsSync, openSync, readdirSync, readFileSync, readSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import type { FrameLocator, Locator } from 'playwright-core';
import type { CompareResult } from '../../src/protocol/engineApi.js';
import { writeCheckpoint, type WrittenTensor } from '../fixtures/checkpoints.js';
import { PATIENCE, root, type WorkbenchPage } from '../workbench';

/** Waits until `condition` holds; `what` is what the failure says. */
export async function until(condition: () => boolean | Promise<boolean>, what: string): Promise<void> {
  const end = Date.now() + PATIENCE;
  while (!(await condition())) {
    if (Date.now() > end) assert.fail(`waited ${PATIENCE / 1000} s in vain until ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 40));
  }
}

/** Waits until `read` gives what is wanted; a failure shows what it gave last. */
export async function eventually<T>(
  read: () => T | Promise<T>,
  wanted: (value: T) => boolean,
  what: string,
): Promise<T> {
  const end = Date.now() + PATIENCE;
  for (;;) {
    const value = await read();
    if (wanted(value)) return value;
    if (Date.now() > end)
      assert.fail(`waited ${PATIENCE / 1000} s in vain until ${what}; the last was ${JSON.stringify(value)}`);
    await new Promise((resolve) => setTimeout(resolve, 60));
  }
}

// --- the panel ----------------------------------------------------------------------

export interface Row {
  tensor: string;
  cells: string[];
}

/** The comparison panel that is visible. */
export class Panel {
  constructor(readonly page: WorkbenchPage) {}

  get frame(): FrameLocator {
    return this.page.webviewFrame();
  }

  id(testId: string): Locator {
    return this.frame.locator(`[data-testid="${testId}"]`);
  }

  /** Waits for the result and returns the panel's heading. */
  async result(title?: string): Promise<string> {
    const heading = this.id('compare').locator('h1');
    await (title === undefined ? heading : heading.filter({ hasText: new RegExp(`^${title}$`) })).waitFor();
    return heading.innerText();
  }

  /** Waits for the failure and returns its sentence. */
  async failure(code?: string): Promise<string> {
    const state = this.id('failed');
    await (code === undefined ? state : state.and(this.frame.locator(`[data-code="${code}"]`))).waitFor();
    return this.id('failed-message').innerText();
  }

  /** Chooses in a drop-down of the panel. */
  async choose(testId: string, label: string): Promise<void> {
    await this.id(testId).click();
    await this.id(testId).getByRole('option', { name: label, exact: true }).click();
  }

  /** Presses one of several buttons that exclude each other. */
  async press(testId: string, label: string): Promise<void> {
    await this.id(testId).getByRole('radio', { name: label, exact: true }).click();
  }

  /** Everything a canvas shows, as a string that differs when a pixel does. */
  async drawing(testId: string): Promise<string> {
    return this.id(testId).evaluate((canvas) => (canvas as HTMLCanvasElement).toDataURL());
  }

  /** Does something and waits until the canvas is painted differently. */
  async repaints(testId: string, action: () => Promise<unknown>): Promise<void> {
    const before = await this.drawing(testId);
    await action();
    await until(async () => (await this.drawing(testId)) !== before, `${testId} is painted anew`);
  }

  /** Headings of the table's columns, by their id. */
  async columns(): Promise<string[]> {
    return this.id('tensor-grid')
      .locator('[data-column]')
      .evaluateAll((cells) => cells.map((cell) => cell.getAttribute('data-column') ?? ''));
  }

  /** The rows that exist now, from the top. */
  async rows(): Promise<Row[]> {
    return this.id('tensor-grid')
      .locator('.grid-body [role=row]:not([hidden])')
      .evaluateAll((rows) =>
        rows
          .map((row) => ({
            at: Number(row.getAttribute('aria-rowindex')),
            tensor: (row as HTMLElement).dataset['tensor'] ?? '',
            cells: [...row.children].map((cell) => cell.textContent ?? ''),
          }))
          .sort((a, b) => a.at - b.at)
          .map(({ tensor, cells }) => ({ tensor, cells })),
      );
  }

  row(tensor: string): Locator {
    return this.id('tensor-grid').locator(`[role=row][data-tensor="${tensor}"]:not([hidden])`);
  }

  /** The test id of what has the focus, or of what it is in; empty when nothing of the panel has it. */
  async focused(): Promise<string> {
    return this.frame.locator('body').evaluate((body) => {
      const { activeElement } = body.ownerDocument;
      return activeElement === body
        ? ''
        : (activeElement?.closest('[data-testid]')?.getAttribute('data-testid') ?? 'other');
    });
  }

  async count(): Promise<string> {
    return this.id('table-count').innerText();
  }

  async search(text: string): Promise<void> {
    await this.id('table-search').locator('input').fill(text);
  }
}

/** The number behind what is shown: `1.23e-4`, `97.7%`, `−0.5`, `1 − 2.9e-9`, `12.3×`. */
export function shownNumber(text: string): number {
  const plain = text.replace(/−/g, '-').replace(/[\s×]/g, '');
  const distance = /^1-(\d.*)$/.exec(plain);
  if (distance !== null) return 1 - Number(distance[1]);
  return plain.endsWith('%') ? Number(plain.slice(0, -1)) / 100 : Number(plain);
}

/** Three digits are shown: half a unit of the third is the most they may be off. */
export function assertShown(text: string, expected: number, what: string, slack = 0): void {
  const shown = shownNumber(text);
  assert.ok(
    Math.abs(shown - expected) <= 0.00505 * Math.abs(expected) + slack,
    `${what}: ${text} is shown for ${expected}`,
  );
}

// --- numbers, worked out a second time ------------------------------------------------

export interface OwnDelta {
  fro: number;
  relative: number;
  cosine: number;
  maxAbs: number;
  changed: number;
  floor: number;
  /** ‖W‖² before. */
  before: number;
  dimensions: number;
}

/**
 * What one update did to every tensor of a single-file BF16 checkpoint, by name on disk: float64, no engine involved.
 */
export function ownDeltas(before: string, after: string): Map<string, OwnDelta> {
  const [a, b] = [readSafetensors(before), readSafetensors(after)];
  const deltas = new Map<string, OwnDelta>();
  for (const [name, x] of a) {
    const y = b.get(name);
    assert.ok(y, `${name} is in ${before} alone`);
    let delta = 0,
      dot = 0,
      xx = 0,
      yy = 0,
      maxAbs = 0,
      changed = 0,
      floor = 0;
    for (let i = 0; i < x.values.length; i++) {
      const p = x.values[i]!,
        q = y.values[i]!,
        d = q - p;
      delta += d * d;
      dot += p * q;
      xx += p * p;
      yy += q * q;
      if (d !== 0) changed++;
      if (Math.abs(d) > maxAbs) maxAbs = Math.abs(d);
      // bfloat16: 8 bits of precision, the least exponent is −126
      const ulp = 2 ** (Math.max(-126, q === 0 ? -126 : Math.floor(Math.log2(Math.abs(q)))) - 7);
      floor += (ulp * ulp) / 12;
    }
    deltas.set(name, {
      fro: Math.sqrt(delta),
      relative: Math.sqrt(delta / xx),
      cosine: dot / Math.sqrt(xx * yy),
      maxAbs,
      changed: changed / x.values.length,
      floor: Math.sqrt(floor),
      before: xx,
      dimensions: x.shape.length,
    });
  }
  return deltas;
}

function readSafetensors(folder: string): Map<string, { shape: number[]; values: Float32Array }> {
  const bytes = readFileSync(path.join(folder, 'model.safetensors'));
  const start = 8 + Number(bytes.readBigUInt64LE(0));
  const header = JSON.parse(bytes.toString('utf8', 8, start)) as Record<
    string,
    { dtype: string; shape: number[]; data_offsets: [number, number] }
  >;
  delete header['__metadata__'];
  const tensors = new Map<string, { shape: number[]; values: Float32Array }>();
  for (const [
    name,
    {
      dtype,
      shape,
      data_offsets: [from, to],
    },
  ] of Object.entries(header)) {
    assert.equal(dtype, 'BF16', `${name} of the sample is stored as BF16`);
    const bits = new Uint32Array((to - from) / 2);
    for (let i = 0; i < bits.length; i++) bits[i] = bytes.readUInt16LE(start + from + 2 * i) << 16;
    tensors.set(name, { shape, values: new Float32Array(bits.buffer) });
  }
  return tensors;
}

/** The headless command's result over the same folders. */
export async function cliCompare(folders: readonly string[], ...options: string[]): Promise<CompareResult> {
  const { stdout } = await promisify(execFile)(
    process.execPath,
    [path.join(root, 'dist', 'cli.cjs'), 'compare', ...folders, '--json', '-', ...options],
    { maxBuffer: 256 << 20 },
  );
  return JSON.parse(stdout) as CompareResult;
}

// --- comparisons that can be looked at while they run ----------------------------------

/** Two checkpoints of a few hundred megabytes each, written fast: every third weight of the second differs. */
export async function writeLargePair(
  folder: string,
  size: { layers: number; hidden: number },
  dtype: 'BF16' | 'F8_E4M3' = 'BF16',
): Promise<void> {
  const { hidden } = size;
  const width = dtype === 'BF16' ? 2 : 1;
  const bytes = 4 * hidden * 4 * hidden * width + (1 << 20);
  const before = Buffer.alloc(bytes);
  let state = 12345;
  for (let at = 0; at < bytes; at += 2) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    // ±2^-7 … ±2^-5 as BF16; as F8_E4M3 both bytes are numbers too.
    before.writeUInt16LE(((state >>> 31) << 15) | 0x3c00 | ((state >>> 16) & 0x6e), at);
  }
  const after = Buffer.from(before);
  for (let at = 0; at < bytes; at += 3 * width) after[at]! ^= 1;
  const filled = (source: Buffer) => (tensors: WrittenTensor[]) =>
    tensors.map((tensor, index) => ({
      ...tensor,
      data: () =>
        source.subarray(
          (index * 6144) % (1 << 20),
          ((index * 6144) % (1 << 20)) + width * tensor.shape.reduce((product, one) => product * one, 1),
        ),
    }));
  for (const [name, source] of [
    ['base', before],
    ['in', after],
  ] as const) {
    await writeCheckpoint(path.join(folder, name), {
      ...size,
      visionLayers: 1,
      vocabulary: 64,
      dtype,
      edit: filled(source),
    });
  }
}

/** Ids of the engine processes of one workbench. Linux only, as is the workbench. */
export function enginePids(extensionsDir: string): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => {
      try {
        const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8');
        return command.includes(extensionsDir) && command.includes(path.join('dist', 'engine.mjs'));
      } catch {
        return false; // it ended meanwhile
      }
    })
    .map(Number);
}

/**
 * Holds the engine as soon as a run has written `lines` of its journal, so that what the screen shows meanwhile does
 * not depend on how fast the machine is. `release` lets it go on.
 */
export function holdEngine(options: {
  extensionsDir: string;
  runsFolder: string;
  known: readonly string[];
  lines: number;
}): { held: Promise<string>; release: () => void } {
  const { extensionsDir, runsFolder, known, lines } = options;
  let stopped: number[] = [];
  let over = false;
  const held = (async () => {
    const end = Date.now() + PATIENCE;
    while (!over) {
      const run = runNames(runsFolder).find((name) => !known.includes(name));
      if (run !== undefined && newlines(path.join(runsFolder, 'runs', run, 'journal.jsonl')) >= lines) {
        stopped = enginePids(extensionsDir);
        assert.ok(stopped.length > 0, 'an engine process runs');
        for (const pid of stopped) process.kill(pid, 'SIGSTOP');
        assert.ok(!existsSync(path.join(runsFolder, 'runs', run, 'result.json')), 'the run was held before it ended');
        return run;
      }
      if (Date.now() > end) throw new Error('No run came as far as it should have.');
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
    throw new Error('The engine was let go before it was held.');
  })();
  held.catch(() => undefined);
  return {
    held,
    release: () => {
      over = true;
      for (const pid of stopped) {
        try {
          process.kill(pid, 'SIGCONT');
        } catch {
          // it has ended
        }
      }
      stopped = [];
    },
  };
}

export function runNames(runsFolder: string): string[] {
  const folder = path.join(runsFolder, 'runs');
  return existsSync(folder) ? readdirSync(folder) : [];
}

function newlines(file: string): number {
  let handle: number;
  try {
    handle = openSync(file, 'r');
  } catch {
    return 0;
  }
  try {
    const buffer = Buffer.alloc(1 << 20);
    const length = readSync(handle, buffer, 0, buffer.length, 0);
    let count = 0;
    for (let at = buffer.indexOf(10); at >= 0 && at < length; at = buffer.indexOf(10, at + 1)) count++;
    return count;
  } finally {
    closeSync(handle);
  }
}
