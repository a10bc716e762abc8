/**
 * The checkpoints of a transferability test and of a sweep: IN, RL, and what is made of them without writing a byte.
 */
import type { CallContext } from '../../calls.js';
import type { StageRequest } from '../../checkpoint/stage.js';
import { checkpointLabel } from '../../checkpoint/hub.js';
import { openStage } from '../../merge/checkpoint.js';
import { FrankensteinError } from '../../errors.js';
import { resolveCuts } from '../../topology/cuts.js';
import { sameFamily } from '../../topology/model.js';
import type { Stitches, StitchesRequest } from './hybridsRequest.js';
import type { EvaluatedStage } from './request.js';

/** Every way to take Early, Mid and Late from IN and RL that is neither of them whole (method.md §4). */
const SPLICES = [
  ['in', 'rl', 'rl'],
  ['in', 'in', 'rl'],
  ['rl', 'rl', 'in'],
  ['rl', 'in', 'in'],
  ['in', 'rl', 'in'],
  ['rl', 'in', 'rl'],
] as const;
/** Positions of a sweep where the request names none. */
const MOST_CUTS = 13;
const ALPHAS = [0, 0.25, 0.5, 0.75, 1, 1.25];

/** @throws `mismatch` for two families or numbers of layers, `bad-request` for cuts outside the model. */
export async function hybrids(request: StitchesRequest, { signal }: CallContext = {}): Promise<Stitches> {
  const [supervised, reinforced] = [await openStage(request.in, { signal }), await openStage(request.rl, { signal })];
  sameFamily(supervised, reinforced);
  if (supervised.layers !== reinforced.layers)
    throw new FrankensteinError(
      'mismatch',
      `IN has ${supervised.layers} language layers, RL ${reinforced.layers}: their layers cannot stand for each other.`,
    );
  const { layers } = supervised;
  const cuts = resolveCuts(request.cuts, layers);
  const label = (stage: StageRequest, folder: string) => stage.label ?? checkpointLabel(folder);
  const names = { in: label(request.in, supervised.folder), rl: label(request.rl, reinforced.folder) };
  const whole: EvaluatedStage[] = [
    ...(request.base ? [{ ...request.base, role: 'base' as const }] : []),
    { path: request.in.path, label: names.in, role: 'in' },
    { path: request.rl.path, label: names.rl, role: 'rl' },
  ];
  const head = `checkpoints:\n  in: ${JSON.stringify(request.in.path)}\n  rl: ${JSON.stringify(request.rl.path)}\n`;
  const hybrid = (name: string, body: string): EvaluatedStage => ({
    path: supervised.folder,
    label: name,
    role: 'hybrid',
    recipe: head + body,
  });
  const stitch = (early: string, mid: string, late: string, [first, second]: readonly number[]) =>
    `stitch: {early: ${early}, mid: ${mid}, late: ${late}, cuts: [${first}, ${second}]}\n`;

  const { sweep } = request;
  if (sweep === undefined) {
    return {
      checkpoints: [
        ...whole,
        ...SPLICES.map(([early, mid, late]) =>
          hybrid([early, mid, late].map((part) => names[part]).join(':'), stitch(early, mid, late, cuts)),
        ),
      ],
      axis: null,
      cuts,
    };
  }
  const values = sweep.values ?? (sweep.axis === 'cut' ? evenly(layers) : ALPHAS);
  const stray = values.find((value) =>
    sweep.axis === 'cut' ? !(Number.isInteger(value) && value >= 0 && value <= layers) : !Number.isFinite(value),
  );
  if (stray !== undefined || values.length === 0)
    throw new FrankensteinError(
      'bad-request',
      sweep.axis === 'cut'
        ? `A cut is a layer from 0 to ${layers}${stray === undefined ? '' : `; ${stray} given`}.`
        : 'α is a number.',
    );
  const members = [...new Set(values)]
    .sort((a, b) => a - b)
    .map((value) => {
      if (sweep.axis === 'cut') return hybrid(`cut ${value}`, stitch('in', 'rl', 'rl', [value, layers]));
      const part = sweep.part === undefined || sweep.part === 'all' ? '' : `, part: ${sweep.part}`;
      const range = sweep.layers === undefined ? '' : `, layers: [${sweep.layers.join(', ')}]`;
      return hybrid(`α ${value}`, `interpolate: {a: in, b: rl, alpha: ${value}${range}${part}}\n`);
    });
  const sorted = [...new Set(values)].sort((a, b) => a - b);
  return {
    checkpoints: [...whole, ...members],
    axis: { name: sweep.axis, values: [...whole.map(() => null), ...sorted] },
    cuts,
  };
}

/** 0 … layers in at most `MOST_CUTS` steps. */
function evenly(layers: number): number[] {
  const count = Math.min(MOST_CUTS, layers + 1);
  return Array.from({ length: count }, (_, index) => Math.round((index * layers) / (count - 1)));
}
