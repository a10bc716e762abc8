// Prefill and decoding of the sample checkpoint against transformers on the same machine, fp32, as many threads.
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { benchRealModel } from './realModel.mjs';
import { bundled, findPython, median, run } from './measure.mjs';

const here = path.dirname(fileURLToPath(import.meta.url));
/** One, so that processor time means the same on both sides. */
const THREADS = 1;

/** @param {{root: string, repeat: number, log: (line: string) => void}} options */
export async function benchModel({ root, repeat, log }) {
  const bundle = await bundled(root, 'modelEngine');
  const args = [root, path.join(root, 'samples', 'lineage', 'rl'), String(THREADS), '2'];
  const python = findPython();
  const sides = [
    { name: 'frankenstein', command: { program: process.execPath, args: [bundle, ...args] }, measured: [] },
    ...(python
      ? [
          {
            name: 'transformers',
            command: { program: python, args: [path.join(here, 'model_torch.py'), ...args] },
            measured: [],
          },
        ]
      : []),
  ];
  for (let round = 1; round <= repeat; round++) {
    for (const side of sides) {
      side.measured.push(...JSON.parse((await run(side.command)).output));
      log(`${round}/${repeat} ${side.name}`);
    }
  }
  const cell = (side, batch, part) => {
    const own = side.measured.filter((one) => one.batch === batch).map((one) => one[part]);
    return `${median(own.map(({ wall }) => wall)).toFixed(2)} | ${median(own.map(({ cpu }) => cpu)).toFixed(2)}`;
  };
  const rows = [...new Set(sides[0].measured.map(({ batch }) => batch))].flatMap((batch) =>
    ['prefill', 'decode'].map(
      (part) =>
        `| ${part === 'prefill' ? 'prefill, images included' : 'decoding, per token'} | ${batch} | ` +
        `${sides.map((side) => cell(side, batch, part)).join(' | ')} |`,
    ),
  );
  return [
    'Sample checkpoint (12 layers, width 96), one image of 16 visual tokens per prompt. Milliseconds, medians; ' +
      '"cpu" is processor time, which other programs on the machine disturb less.',
    '',
    `| | batch | ${sides.map(({ name }) => `${name}, wall | cpu`).join(' | ')} |`,
    `|---|--:|${sides.map(() => '--:|--:|').join('')}`,
    ...rows,
    '',
    await benchRealModel({ root, repeat, log }),
  ].join('\n');
}
