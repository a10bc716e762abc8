/** The regions at a glance: one card per update. */
import type { Aggregate } from '../../src/protocol/engineApi.js';
import { floorRatio } from '../../src/protocol/floor.js';
import { summaryRows } from '../exporters/tables.js';
import { Swatch } from '../figure/swatch.js';
import { formatCosine, formatCount, formatFloorRatio, formatNumber, formatFraction, plural } from '../format.js';
import { floorLevel, FLOOR_HELP, LEVEL_TEXT, METRIC_TEXT } from '../state/measure.js';
import type { Model } from '../state/model.js';
import { Help } from '../tooltip.js';
import { readUpdate } from './reading.js';

/** One card per update: its parts, with bars, and what they say. */
export function Summary({ model }: { model: Model }) {
  const rows = summaryRows(model);
  const cards = model.deltas.map((name) => {
    const relatives = rows.map((row) => row.aggregate.deltas[name.index]?.relative ?? 0);
    const most = Math.max(...relatives, 0);
    return (
      <section
        key={name.index}
        class={`card series-${name.index % 4}`}
        aria-label={name.full}
        data-testid={`summary-${name.index}`}
      >
        <h3>
          <Swatch delta={name.index} />
          <span>{name.short}</span>
          <span class="muted stage-pair">{`${name.from} → ${name.to}`}</span>
        </h3>
        <p class="reading">{readUpdate(model, name.index)}</p>
        <table class="summary">
          <thead>
            <tr>
              <th scope="col">
                <span class="visually-hidden">Part</span>
              </th>
              <th scope="col" class="numeric">
                ‖Δ‖
                <Help text={METRIC_TEXT.energy.help} />
              </th>
              <th scope="col" class="numeric wide-2">
                relative
                <Help text={METRIC_TEXT.relative.help} />
              </th>
              <th scope="col" class="numeric">
                changed
                <Help text={METRIC_TEXT.changed.help} />
              </th>
              <th scope="col" class="numeric">
                × floor
                <Help text={FLOOR_HELP} />
              </th>
            </tr>
          </thead>
          <tbody>
            {rows.map((row, index) => (
              <SummaryRow
                key={row.id}
                row={row}
                index={name.index}
                fraction={most === 0 ? 0 : (relatives[index] ?? 0) / most}
              />
            ))}
          </tbody>
        </table>
      </section>
    );
  });
  return (
    <div class="cards" data-testid="summary">
      {cards}
    </div>
  );
}

function SummaryRow({
  row,
  index,
  fraction,
}: {
  row: { id: string; name: string; detail: string; aggregate: Aggregate };
  index: number;
  fraction: number;
}) {
  const delta = row.aggregate.deltas[index];
  const level = floorLevel(delta);
  const cosine =
    delta === null || delta === undefined
      ? ''
      : `cosine ${formatCosine(delta.cosine)}, max |Δ| ${formatNumber(delta.maxAbs)}`;
  const bar = (
    <span class="bar" aria-hidden="true">
      <span
        class={level === 'clear' || level === 'unknown' ? 'bar-fill' : 'bar-fill hollow'}
        style={{ width: `${(fraction * 100).toFixed(1)}%` }}
      />
    </span>
  );
  return (
    <tr
      data-part={row.id}
      title={`${plural(row.aggregate.weights, 'weight')}, ${formatCount(row.aggregate.parameters)} parameters${cosine === '' ? '' : `\n${cosine}`}`}
    >
      <th scope="row">
        {row.name}
        {row.detail === '' ? null : <span class="muted part-detail">{row.detail}</span>}
      </th>
      <td class="number">{formatNumber(delta?.fro)}</td>
      <td class="number with-bar">
        {bar}
        <span class="bar-number">{formatNumber(delta?.relative)}</span>
      </td>
      <td class="number">{formatFraction(delta?.changed)}</td>
      <td class={`number ${level === 'below' || level === 'near' ? 'noisy' : ''}`} title={LEVEL_TEXT[level]}>
        {formatFloorRatio(floorRatio(delta))}
      </td>
    </tr>
  );
}
