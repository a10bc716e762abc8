/** A report of a freeze experiment that was written with `--json`: read back, and checked before a panel shows it. */
import { readFile } from 'node:fs/promises';
import * as v from 'valibot';
import type { FreezeReport } from '../protocol/engineApi.js';

const number = v.pipe(v.number(), v.finite());
const measure = v.picklist(['vis', 'v2r', 'rea', 'accuracy']);
const contrast = v.object({
  checkpoint: number,
  against: number,
  n: number,
  difference: number,
  low: number,
  high: number,
  equivalence: v.object({ low: number, high: number }),
  won: number,
  lost: number,
  p: number,
  exact: v.boolean(),
  adjusted: number,
  verdict: v.picklist(['yes', 'opposite', 'equivalent', 'open']),
});
const Report = v.object({
  schema: v.literal(1),
  margin: v.pipe(number, v.gtValue(0)),
  labels: v.array(v.string()),
  scores: v.array(v.object({ checkpoint: number, measure, n: number, value: number, low: number, high: number })),
  gains: v.array(v.object({ measure, comparison: contrast })),
  rows: v.array(
    v.object({
      run: v.string(),
      seed: number,
      measure,
      necessary: contrast,
      sufficient: contrast,
      transferable: v.nullable(contrast),
    }),
  ),
  warnings: v.array(v.string()),
});

/** @throws a sentence for a file that holds no report */
export async function readStoredReport(file: string): Promise<FreezeReport> {
  const text = await readFile(file, 'utf8');
  const result = v.safeParse(Report, parsed(text));
  if (!result.success)
    throw new Error(`${file} is no report of a freeze experiment: write it with "freeze report --json".`);
  return result.output;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
