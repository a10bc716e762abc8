/**
 * Made-up spectra of a lineage's updates, by the contract: singular values of a low-rank update under the rounding
 * noise of its dtype, so that metrics, floors, flags and errors agree with each other. From a seed.
 */
import type {
  CompareResult,
  FullSpectrum,
  MetricName,
  Overlap,
  Spectrum,
  SpectrumFloor,
  SpectrumMetrics,
  SpectrumMode,
  SpectrumResult,
  TensorResult,
  TensorSpectra,
} from '../../src/protocol/engineApi.js';
import { keyOf } from '../spectrum/model.js';

const TOP = 50;
const RANKS = [1, 4, 16, 50];
const METRICS: readonly MetricName[] = [
  'spectral',
  'nuclear',
  'stableRank',
  'effectiveRank',
  'conditionNumber',
  'logVolume',
  'topEnergy',
];

/** Edges of the spectrum of random rows × columns of spread 1. */
function noiseEdges(rows: number, columns: number): [number, number] {
  return [Math.abs(Math.sqrt(rows) - Math.sqrt(columns)), Math.sqrt(rows) + Math.sqrt(columns)];
}

/** Expected singular values of noise of norm `fro`; the quarter-circle law near enough. */
function noiseValues(rows: number, columns: number, fro: number): Float64Array {
  const count = Math.min(rows, columns);
  const [low, high] = noiseEdges(rows, columns);
  const values = Float64Array.from(
    { length: count },
    (_, at) => high - (high - low * 0.98) * ((at + 0.6) / count) ** 0.72,
  );
  const size = Math.sqrt(values.reduce((sum, value) => sum + value * value, 0));
  return values.map((value) => (value * fro) / size);
}

function metricsOf(values: Float64Array, fro: number): SpectrumMetrics {
  const spectral = values[0] ?? 0;
  let nuclear = 0;
  for (const value of values) nuclear += value;
  let entropy = 0;
  for (const value of values) if (value > 0) entropy -= (value / nuclear) * Math.log(value / nuclear);
  const least = values.at(-1) ?? 0;
  const fraction = (count: number) =>
    values.subarray(0, count).reduce((sum, value) => sum + value * value, 0) / (fro * fro);
  const none = spectral === 0;
  return {
    spectral,
    nuclear,
    stableRank: none ? null : (fro / spectral) ** 2,
    effectiveRank: none ? null : Math.exp(entropy),
    conditionNumber: none || least <= 1e-6 * spectral ? null : spectral / least,
    logVolume: none ? null : values.subarray(0, TOP).reduce((sum, value) => sum + (value > 0 ? Math.log(value) : 0), 0),
    topEnergy: Object.fromEntries(RANKS.map((rank) => [rank, none ? null : Math.min(1, fraction(rank))])),
  };
}

interface Made {
  spectrum: Spectrum;
  full: FullSpectrum;
}

/** `rank` directions decay from the first; what storage adds lies under them. */
function make(
  tensor: TensorResult,
  rows: number,
  columns: number,
  from: number,
  mode: SpectrumMode,
  rank: number,
  noise: () => number,
): Made {
  const delta = { ...tensor.deltas[from]! };
  const fro = delta.fro ?? 0;
  // Rounding adds less to weights that hardly move; the vision tower shows nothing else, as does a layer in four.
  const buried = tensor.section === 'vision' || (tensor.layer ?? 0) % 7 === 5;
  const floorFro = Math.min(delta.floor, fro * (buried ? 1 : 0.86 + 0.1 * noise()));
  delta.floor = floorFro;
  const signal = Math.sqrt(Math.max(0, fro * fro - floorFro * floorFro));
  const floorValues = noiseValues(rows, columns, delta.floor);
  const under = noiseValues(rows, columns, floorFro);
  const shape = Float64Array.from(
    { length: Math.min(rows, columns, Math.ceil(rank * 6)) },
    (_, at) => Math.exp(-at / rank) * (0.9 + 0.2 * noise()) + 0.004,
  );
  const size = Math.sqrt(shape.reduce((sum, value) => sum + value * value, 0));
  const values = under
    .map((value, at) => Math.hypot(value * (at === 0 ? 1.01 : 1), (signal * (shape[at] ?? 0)) / size))
    .sort()
    .reverse();
  const own = fro === 0 ? values.fill(0) : values;
  const scale = fro === 0 ? 0 : fro / Math.sqrt(own.reduce((sum, value) => sum + value * value, 0));
  for (let at = 0; at < own.length; at++) own[at]! *= scale;
  const metrics = metricsOf(own, fro);
  const floor = metricsOf(floorValues, delta.floor);
  const band = floorValues.slice(0, TOP);
  const spectralOfFloor = floorValues[0]!;
  const ratio = delta.floor > 0 ? fro / delta.floor : Infinity;
  const dominated = METRICS.filter((metric) => {
    if (metric === 'spectral' || metric === 'stableRank' || metric === 'logVolume' || metric === 'topEnergy')
      return (own[0] ?? 0) < 1.3 * spectralOfFloor && delta.floor > 0;
    return ratio < (metric === 'nuclear' ? 1.4 : 3);
  });
  const error = mode === 'fast' ? 0.03 : 1e-7;
  const signalRank = own.findIndex((value, at) => value <= 1.05 * (floorValues[at] ?? 0));
  const taken = fro * fro - delta.floor * delta.floor;
  const stable = taken > 0 ? taken / Math.max(1e-30, (own[0] ?? 0) ** 2 - spectralOfFloor ** 2 * 0.5) : null;
  const spectrum: Spectrum = {
    mode,
    ...metrics,
    fro,
    count: own.length,
    rank:
      own.findIndex((value) => value <= 1e-6 * (own[0] ?? 0)) === -1
        ? own.length
        : own.findIndex((value) => value <= 1e-6 * (own[0] ?? 0)),
    singularValues: [...own.subarray(0, TOP)],
    floor: {
      ...floor,
      fro: delta.floor,
      singularValues: [...band],
      low: [...band.map((value) => value * 0.985)],
      high: [...band.map((value) => value * 1.02)],
    } satisfies SpectrumFloor,
    error: Object.fromEntries(
      METRICS.map((metric) => [
        metric,
        metric === 'topEnergy'
          ? error * 0.2
          : metric === 'conditionNumber' && metrics.conditionNumber === null
            ? null
            : error * Math.abs(metrics[metric] ?? 0),
      ]),
    ) as Spectrum['error'],
    dominated: fro === 0 ? [] : dominated,
    corrected:
      dominated.includes('stableRank') || stable === null
        ? null
        : {
            stableRank: stable,
            stableRankLow: stable * 0.93,
            stableRankHigh: stable * 1.08,
            topEnergy: Object.fromEntries(
              RANKS.map((k) => [k, Math.min(1, ((metrics.topEnergy[k] ?? 0) * fro * fro) / taken)]),
            ),
            topEnergyLow: {},
            topEnergyHigh: {},
            signalRank: Math.max(1, signalRank),
          },
    uncorrected: null,
  };
  const energies = (factor: number) =>
    Object.fromEntries(RANKS.map((k) => [k, Math.min(1, factor * spectrum.corrected!.topEnergy[k]!)]));
  if (spectrum.corrected === null)
    spectrum.uncorrected = fro === 0 ? 'unchanged' : (tensor.layer ?? 0) % 3 === 1 ? 'misfit' : 'floor';
  else Object.assign(spectrum.corrected, { topEnergyLow: energies(0.93), topEnergyHigh: energies(1.08) });
  const computed = mode === 'exact' ? own.length : Math.min(own.length, 128);
  const full: FullSpectrum = {
    name: tensor.name,
    part: null,
    from,
    mode,
    singularValues: [...own],
    known: computed,
    floor: [...floorValues],
    low: [...floorValues.map((value) => value * 0.985)],
    high: [...floorValues.map((value) => value * 1.02)],
  };
  return { spectrum, full };
}

const made = new Map<string, FullSpectrum>();

/** Only weights; `qkv` and `gate_up_proj` with their parts. */
export function spectraOf(
  compared: CompareResult,
  mode: SpectrumMode,
  options: { broken?: boolean } = {},
): SpectrumResult {
  let state = 99;
  const noise = () => (state = (state * 16807) % 2147483647) / 2147483647;
  const pairs = compared.stages.length - 1;
  const tensors = compared.tensors
    .filter(({ shape }) => shape.length >= 2)
    .flatMap((tensor): TensorSpectra[] => {
      const [first, ...rest] = tensor.shape as [number, ...number[]];
      const columns = rest.reduce((product, size) => product * size, 1);
      const parts: [string | null, number][] = /qkv/.test(tensor.name)
        ? [
            [null, first],
            ['q', first / 3],
            ['k', first / 3],
            ['v', first / 3],
          ]
        : [[null, first]];
      return parts.map(([part, rows]): TensorSpectra => {
        const fraction = rows / first;
        const scaled: TensorResult = {
          ...tensor,
          deltas: tensor.deltas.map((delta) =>
            delta === null
              ? null
              : { ...delta, fro: (delta.fro ?? 0) * Math.sqrt(fraction), floor: delta.floor * Math.sqrt(fraction) },
          ),
        };
        const broken = options.broken === true && /layers\.5\.mlp\.up_proj/.test(tensor.name);
        // The figures keep the top only; wide matrices cost the playground too much.
        const [height, width] = [Math.min(rows, 900), Math.min(columns, 1200)];
        const spectra = tensor.deltas.map((delta, from): Spectrum | null => {
          if (delta === null || (broken && from === 1)) return null;
          const last = from === pairs - 1 && pairs > 1;
          const rank = (last ? 5 : 26) * (0.8 + 0.4 * noise()) * (tensor.component === 'attention' ? 0.8 : 1.2);
          const one = make(scaled, height, width, from, mode, rank, noise);
          made.set(`${keyOf({ name: tensor.name, part })} ${from}`, { ...one.full, part });
          return one.spectrum;
        });
        const overlaps = spectra.slice(1).map((_, at): Overlap | null => {
          if (spectra[at] === null || spectra[at + 1] === null) return null;
          const k = Math.min(16, rows, columns);
          const shared = spectra[at + 1]!.dominated.includes('stableRank') ? 0.002 : 0.1 + 0.25 * noise();
          const angles = (chance: number) =>
            Array.from({ length: k }, (_, index) =>
              Math.min(1, Math.sqrt(chance + shared * 2.4 * Math.exp(-index / 5))),
            );
          const mean = (cosines: number[]) => cosines.reduce((sum, cosine) => sum + cosine * cosine, 0) / k;
          const [left, right] = [angles(k / rows), angles((0.7 * k) / columns)];
          return {
            k,
            left,
            right,
            leftOverlap: mean(left),
            rightOverlap: mean(right),
            leftChance: k / rows,
            rightChance: k / columns,
          };
        });
        return {
          name: tensor.name,
          section: tensor.section,
          layer: tensor.layer,
          depth: tensor.depth,
          component: tensor.component,
          region: tensor.region,
          part,
          rows,
          columns,
          dtypes: tensor.dtypes,
          spectra,
          skipped: spectra.map((spectrum, from) =>
            spectrum !== null
              ? null
              : broken && from === 1
                ? '3 elements of rl are NaN.'
                : 'One of the two checkpoints lacks this tensor.',
          ),
          overlaps,
        };
      });
    });
  return {
    schema: 1,
    kind: 'spectrum',
    stages: compared.stages,
    cuts: compared.cuts,
    mode,
    filter: null,
    tensors,
    layers: [],
    regions: compared.regions.map(({ region, first, last }) => ({ region, first, last, spectra: [], overlaps: [] })),
    missing: compared.missing,
    files: compared.files,
    warnings: [
      ...(options.broken === true
        ? ['model.language_model.layers.5.mlp.up_proj.weight was skipped for in → rl: 3 elements of rl are NaN.']
        : []),
      'lm_head.weight of base is tied to the embeddings; its update is taken against those.',
    ],
    provenance: { ...compared.provenance, runId: 'a4c9e0317b52' },
  };
}

export function fullOf(name: string, part: string | null, from: number): FullSpectrum {
  const full = made.get(`${keyOf({ name, part })} ${from}`);
  if (full === undefined) throw new Error(`There is no spectrum of ${name}.`);
  return full;
}
