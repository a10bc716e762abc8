/** What an update's numbers say, in one or two sentences. No DOM. */
import { plural } from '../format.js';
import { floorLevel } from '../state/measure.js';
import type { Model } from '../state/model.js';
import { summaryRows } from '../exporters/tables.js';

/** Where most of ‖ΔW‖² is, and how much of it stands clear of rounding. */
export function readUpdate(model: Model, delta: number): string {
  const rows = summaryRows(model).flatMap((row) => {
    const own = row.aggregate.deltas[delta];
    return own === null || own === undefined ? [] : [{ ...row, energy: own.fro * own.fro }];
  });
  const total = rows.reduce((sum, row) => sum + row.energy, 0);
  if (rows.length === 0) return 'No tensor has this update.';
  if (total === 0) return 'Nothing changed, bit for bit.';
  const first = rows.reduce((best, row) => (row.energy > best.energy ? row : best));
  const parts: string[] = [];
  if (rows.length > 1)
    parts.push(
      `${Math.round((100 * first.energy) / total)}% of ‖ΔW‖² is ` +
        `${first.id === 'outside' ? `outside the layers (${first.detail})` : `in ${first.name}`}.`,
    );
  const layers = model.result.layers.filter((layer) => (layer.deltas[delta] ?? null) !== null);
  const still = layers.filter((layer) => floorLevel(layer.deltas[delta]) === 'unchanged').length;
  const noisy = layers.filter((layer) => ['below', 'near'].includes(floorLevel(layer.deltas[delta]))).length;
  if (still > 0) parts.push(`${plural(still, 'layer')} of ${layers.length} did not change.`);
  if (noisy > 0) {
    parts.push(
      noisy === layers.length - still
        ? `${still > 0 ? 'All others' : 'All layers'} are under 2× the rounding floor: magnitudes are ` +
            'comparable; directions are mostly noise.'
        : `${plural(noisy, 'layer')} of ${layers.length} are under 2× the rounding floor.`,
    );
  }
  return parts.join(' ');
}
