/**
 * What the spectra say, in plain sentences. A rank that the rounding floor explains is said to be rounding, never to be
 * training. No DOM.
 */
import type { Spectrum } from '../../src/protocol/engineApi.js';
import { formatNumber, plural } from '../format.js';
import { byDepth, median, spreadOf, type SpectrumModel } from './model.js';

/** Fewer matrices carry no comparison. */
const ENOUGH = 3;
/** Closer than this, two medians are called alike. */
const ALIKE = 1.25;

interface Reading {
  short: string;
  /** Spectra of this update. */
  all: Spectrum[];
  /** Of those: the stable rank is training's, as far as the floor tells. */
  clear: Spectrum[];
  layers: { dominated: number; all: number };
}

export function readSpectra(model: SpectrumModel): string[] {
  const readings = model.deltas.map(({ index, short }) => readingOf(model, index, short));
  const present = readings.filter(({ all }) => all.some(({ spectral }) => spectral > 0));
  if (present.length === 0)
    return [
      model.counted.some(({ spectra }) => spectra.some((spectrum) => spectrum !== null))
        ? 'Nothing changed, bit for bit: there is no update to analyse.'
        : 'No spectrum could be computed.',
    ];
  const out = present.length === 1 ? [alone(present[0]!)] : compared(present);
  for (const reading of present) {
    const { dominated, all } = reading.layers;
    if (dominated > 0 && reading.clear.length >= ENOUGH)
      out.push(
        `In ${dominated} of ${plural(all, 'layer')} the rounding floor explains the stable rank of ` +
          `${reading.short}; those layers are excluded here.`,
      );
  }
  out.push(...overlaps(model));
  return out;
}

function readingOf(model: SpectrumModel, index: number, short: string): Reading {
  const spectra = (tensors: SpectrumModel['counted']) =>
    tensors.flatMap((tensor) => tensor.spectra[index] ?? []).filter(({ stableRank }) => stableRank !== null);
  const all = spectra(model.counted);
  const layers = [...byDepth(model.counted).values()].map(spectra).filter((own) => own.length > 0);
  return {
    short,
    all,
    clear: all.filter(({ dominated }) => !dominated.includes('stableRank')),
    layers: {
      dominated: layers.filter(
        (own) => 2 * own.filter(({ dominated }) => dominated.includes('stableRank')).length >= own.length,
      ).length,
      all: layers.length,
    },
  };
}

function medianRank(spectra: readonly Spectrum[]): number | null {
  return median(spectra.flatMap(({ stableRank }) => (stableRank === null ? [] : [stableRank])));
}

function alone(reading: Reading): string {
  if (reading.clear.length < ENOUGH) return dominatedSentence(reading);
  return (
    `${reading.short} has a median stable rank of ${formatNumber(medianRank(reading.clear))} over ` +
    `${plural(reading.clear.length, 'matrix', 'matrices')} above the rounding floor${correctedText(reading)}.`
  );
}

function dominatedSentence({ short, all, clear }: Reading): string {
  const measured = formatNumber(medianRank(all));
  if (clear.length === 0)
    return (
      `The rounding floor explains the stable rank of ${short} in every matrix (median measured: ` +
      `${measured}): it does not tell how many directions training used.`
    );
  if (clear.length === all.length)
    return (
      `${short} has ${plural(all.length, 'matrix', 'matrices')} above the rounding floor (median stable ` +
      `rank: ${measured}): too few to tell how many directions training used.`
    );
  return (
    `The rounding floor explains the stable rank of ${short} in all but ${clear.length} of ` +
    `${plural(all.length, 'matrix', 'matrices')} (median measured: ${measured}): it does not tell how ` +
    'many directions training used.'
  );
}

/** The last update against those before it: did the later training concentrate? */
function compared(readings: readonly Reading[]): string[] {
  const last = readings.at(-1)!;
  const before = readings.at(-2)!;
  const blind = [before, last].filter(({ clear }) => clear.length < ENOUGH);
  if (blind.length > 0)
    return [before, last].map((reading) =>
      reading.clear.length < ENOUGH ? dominatedSentence(reading) : alone(reading),
    );
  const corrected = [correctedRank(last), correctedRank(before)] as const;
  const isCorrected = corrected[0] !== null && corrected[1] !== null;
  // What the floor adds spreads an update over more directions; where it can be taken out, that is what is compared.
  // Beside it, of the same matrices, what is stored.
  const measured = [last, before].map(({ clear }) => medianRank(isCorrected ? clear.filter(hasRank) : clear)!) as [
    number,
    number,
  ];
  const [late, early] = isCorrected ? [corrected[0], corrected[1]] : measured;
  const out = !isCorrected
    ? ''
    : ` floor-corrected (${formatNumber(measured[0])} and ${formatNumber(measured[1])} as stored)`;
  const sides =
    `median stable rank ${formatNumber(late)} against ${formatNumber(early)}${out}, over the matrices ` +
    'above the floor';
  const ratio = early / late;
  if (ratio > ALIKE) return [`${last.short} is more concentrated than ${before.short}: ${sides}.`];
  if (ratio < 1 / ALIKE) return [`${last.short} is spread over more directions than ${before.short}: ${sides}.`];
  return [`${last.short} has about as many directions as ${before.short}: ${sides}.`];
}

function hasRank({ corrected }: Spectrum): boolean {
  return corrected !== null && corrected.stableRank !== null;
}

function correctedRank({ clear }: Reading): number | null {
  const ranks = clear.filter(hasRank).map(({ corrected }) => corrected!.stableRank!);
  // Where most are without one, the few that are left do not stand for them.
  return ranks.length < ENOUGH || 2 * ranks.length < clear.length ? null : median(ranks);
}

function correctedText(reading: Reading): string {
  const rank = correctedRank(reading);
  return rank === null ? '' : ` (${formatNumber(rank)} floor-corrected)`;
}

function overlaps(model: SpectrumModel): string[] {
  return model.deltas.slice(1).flatMap((to, index): string[] => {
    const from = model.deltas[index]!;
    // Directions of noise are random: only where both updates stand above the floor does an overlap speak of training.
    const own = model.counted.flatMap((tensor) => {
      const [a, b, overlap] = [
        tensor.spectra[index] ?? null,
        tensor.spectra[index + 1] ?? null,
        tensor.overlaps[index] ?? null,
      ];
      return overlap === null ||
        a === null ||
        b === null ||
        a.dominated.includes('stableRank') ||
        b.dominated.includes('stableRank')
        ? []
        : [overlap];
    });
    if (own.length < ENOUGH) return [];
    const mean = spreadOf(own.map(({ leftOverlap, rightOverlap }) => (leftOverlap + rightOverlap) / 2))!.mean;
    const chance = spreadOf(own.map(({ leftChance, rightChance }) => (leftChance + rightChance) / 2))!.mean;
    // What is shared beyond chance, of what could be.
    const excess = chance < 1 ? (mean - chance) / (1 - chance) : 0;
    const verdict =
      excess >= 0.1
        ? 'share directions'
        : excess >= 0.02
          ? 'share some directions'
          : 'share no more directions than random subspaces';
    return [
      `${from.short} and ${to.short} ${verdict}: overlap ${formatNumber(mean)}, ` +
        `random baseline ${formatNumber(chance)}.`,
    ];
  });
}
