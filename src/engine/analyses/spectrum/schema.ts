/** The schema of the result of spectra. */
import * as v from 'valibot';
import {
  amount,
  amounts,
  layer,
  lineage,
  maybe,
  maybes,
  maybeTexts,
  region,
  tensor,
  text,
  word,
  wordList,
  perEach,
} from '../declare/shape.js';
import type { MetricName, Spectrum, SpectrumResult, Spread } from './result.js';

const metrics = {
  spectral: amount,
  nuclear: amount,
  stableRank: maybe,
  effectiveRank: maybe,
  conditionNumber: maybe,
  logVolume: maybe,
  topEnergy: perEach<string, number | null>(maybe),
};
const mode = v.picklist(['exact', 'fast']);
const matrixSpectrum = v.object({
  ...metrics,
  mode,
  fro: amount,
  count: amount,
  rank: amount,
  singularValues: amounts,
  floor: v.object({ ...metrics, fro: amount, singularValues: amounts, low: amounts, high: amounts }),
  error: perEach<MetricName, number | null>(maybe),
  dominated: wordList<MetricName>(),
  corrected: v.nullable(
    v.object({
      stableRank: maybe,
      stableRankLow: maybe,
      stableRankHigh: maybe,
      topEnergy: perEach<string, number | null>(maybe),
      topEnergyLow: perEach<string, number | null>(maybe),
      topEnergyHigh: perEach<string, number | null>(maybe),
      signalRank: amount,
    }),
  ),
  uncorrected: v.nullable(word<NonNullable<Spectrum['uncorrected']>>()),
});
const spread = v.object({ mean: amount, low: amount, high: amount });
const overlap = { leftChance: amount, rightChance: amount };
const spectraGroup = {
  spectra: v.array(
    v.nullable(
      v.object({
        matrices: amount,
        spectral: spread,
        nuclear: spread,
        stableRank: v.nullable(spread),
        effectiveRank: v.nullable(spread),
        relativeRank: v.nullable(spread),
        logVolume: v.nullable(spread),
        topEnergy: perEach<string, Spread | null>(v.nullable(spread)),
        floorStableRank: v.nullable(spread),
        floorEffectiveRank: v.nullable(spread),
        correctedStableRank: v.nullable(spread),
        logCurve: maybes,
        floorCurve: maybes,
        dominated: amount,
        dominatedBy: perEach<MetricName, number>(amount),
      }),
    ),
  ),
  overlaps: v.array(v.nullable(v.object({ left: amount, right: amount, ...overlap }))),
};
export const spectrumResult: v.GenericSchema<unknown, SpectrumResult> = v.object({
  ...lineage,
  kind: v.literal('spectrum'),
  mode,
  filter: v.nullable(text),
  tensors: v.array(
    v.object({
      ...tensor,
      part: v.nullable(text),
      rows: amount,
      columns: amount,
      dtypes: maybeTexts,
      spectra: v.array(v.nullable(matrixSpectrum)),
      skipped: maybeTexts,
      overlaps: v.array(
        v.nullable(
          v.object({ k: amount, left: amounts, right: amounts, leftOverlap: amount, rightOverlap: amount, ...overlap }),
        ),
      ),
    }),
  ),
  layers: v.array(v.object({ ...layer, ...spectraGroup })),
  regions: v.array(v.object({ ...region, ...spectraGroup })),
});
