/**
 * The paper's Table 2 as image and table at once: a row per checkpoint, a column per ability; in a cell the
 * fraction, its interval on a track, the reference's value as a line, and a mark where the difference holds. One tab
 * stop; arrows walk.
 */
import { useState } from 'preact/hooks';
import type { AbilityName, Comparison, Score } from '../../src/protocol/engineApi.js';
import { usePanel } from '../context.js';
import { formatFraction, plural } from '../format.js';
import {
  ABILITY_MEANINGS,
  ABILITY_NAMES,
  cellText,
  comparisonOf,
  intervalText,
  pText,
  points,
  scoreOf,
  SIGNIFICANT,
  type Row,
  type TransferModel,
} from './model.js';

export interface ForestProps {
  model: TransferModel;
  against: number | null;
  chosen: { checkpoint: number | null; ability: AbilityName | null };
  onChoose: (checkpoint: number, ability: AbilityName) => void;
}

export function Forest({ model, against, chosen, onChoose }: ForestProps) {
  const { rows, abilities } = model;
  const [walked, setWalked] = useState<string | null>(null);
  const isChosen = chosen.checkpoint !== null && chosen.ability !== null;
  const selected = isChosen ? `${chosen.checkpoint}-${chosen.ability}` : null;
  const keys = rows.flatMap(({ index }) => abilities.map((ability) => `${index}-${ability}`));
  const active = [walked, selected].find((key) => key !== null && keys.includes(key)) ?? keys[0];
  const walk = (event: KeyboardEvent) => {
    const at = keys.indexOf((event.target as HTMLElement).dataset['cell'] ?? '');
    if (at === -1) return;
    const wide = abilities.length;
    const to = {
      ArrowRight: at + 1,
      ArrowLeft: at - 1,
      ArrowDown: at + wide,
      ArrowUp: at - wide,
      Home: at - (at % wide),
      End: at - (at % wide) + wide - 1,
    }[event.key];
    const next = to === undefined ? undefined : keys[to];
    if (next === undefined) return;
    event.preventDefault();
    setWalked(next);
    (event.currentTarget as HTMLElement).querySelector<HTMLElement>(`[data-cell="${next}"]`)?.focus();
  };
  return (
    <div class="forest-frame">
      <table class="forest" data-testid="forest" onKeyDown={walk}>
        <caption class="visually-hidden">
          {`Abilities of ${plural(rows.length, 'checkpoint')} with 95% intervals. Arrow keys move between cells, Enter shows the questions behind one.`}
        </caption>
        <thead>
          <tr>
            <th scope="col">Checkpoint</th>
            {abilities.map((ability) => (
              <th key={ability} scope="col" class="forest-head" title={ABILITY_MEANINGS[ability]}>
                {ABILITY_NAMES[ability]}
                <span class="muted part-detail">{`n = ${scoreOf(model, 0, ability)?.n ?? 0}`}</span>
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={row.index} class={row.index === against ? 'reference' : ''}>
              <th scope="row">
                <Name row={row} />
                {row.index === against ? <span class="muted part-detail">reference</span> : null}
              </th>
              {abilities.map((ability) => {
                const key = `${row.index}-${ability}`;
                return (
                  <td key={ability} data-ability={ABILITY_NAMES[ability]}>
                    <Cell
                      {...{ model, row, ability, against, onChoose }}
                      isActive={key === active}
                      isChosen={key === selected}
                    />
                  </td>
                );
              })}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

interface CellProps {
  model: TransferModel;
  row: Row;
  ability: AbilityName;
  against: number | null;
  isActive: boolean;
  isChosen: boolean;
  onChoose: ForestProps['onChoose'];
}

function Cell({ model, row, ability, against, isActive, isChosen, onChoose }: CellProps) {
  const { tooltip } = usePanel();
  const score = scoreOf(model, row.index, ability)!;
  const comparison = comparisonOf(model, row.index, against, ability);
  const reference = against === null ? undefined : scoreOf(model, against, ability);
  const location = (fraction: number) => `${(100 * fraction) / model.most}%`;
  const show = ({ currentTarget }: { currentTarget: HTMLElement }) => {
    const box = currentTarget.getBoundingClientRect();
    tooltip.show(
      { x: box.left + box.width / 3, y: box.bottom - 8 },
      <CellTooltip {...{ model, row, ability, score, comparison }} />,
    );
  };
  return (
    <button
      type="button"
      class="forest-cell"
      tabIndex={isActive ? 0 : -1}
      aria-pressed={isChosen}
      data-cell={`${row.index}-${ability}`}
      data-testid={`cell-${row.index}-${ability}`}
      aria-label={cellText(model, row, ability, against)}
      onClick={() => onChoose(row.index, ability)}
      onPointerEnter={show}
      onPointerLeave={() => tooltip.hide()}
    >
      <span class="forest-value number">{formatFraction(score.value)}</span>
      <span class="forest-interval number muted">{intervalText(score)}</span>
      <Mark comparison={comparison} />
      <span class={`forest-track role-${row.role ?? 'none'}`}>
        {reference === undefined ? null : <i class="forest-reference" style={{ left: location(reference.value) }} />}
        <i
          class="forest-whisker"
          style={{ left: location(score.low), width: `calc(${location(score.high)} - ${location(score.low)})` }}
        />
        <i class="forest-dot" style={{ left: location(score.value) }} />
      </span>
    </button>
  );
}

/** The difference from the reference, marked where it holds. */
function Mark({ comparison }: { comparison: Comparison | undefined }) {
  if (comparison === undefined) return <span class="forest-mark number muted" />;
  const { difference, adjusted } = comparison;
  if (adjusted >= SIGNIFICANT) return <span class="forest-mark number muted">{points(difference)}</span>;
  return (
    <span class={`forest-mark number ${difference > 0 ? 'up' : 'down'}`}>
      {`${difference > 0 ? '▲' : '▼'} ${points(difference)}`}
    </span>
  );
}

function CellTooltip({
  model,
  row,
  ability,
  score,
  comparison,
}: Pick<CellProps, 'model' | 'row' | 'ability'> & { score: Score; comparison: Comparison | undefined }) {
  return (
    <>
      <strong>{`${row.label} · ${ABILITY_NAMES[ability]}`}</strong>
      <p>{`${formatFraction(score.value)} (${score.hits} of ${score.n}), 95% interval ${intervalText(score)}`}</p>
      {comparison === undefined ? null : (
        <>
          <p>
            {`${points(comparison.difference)} points against ${model.rows[comparison.against]!.label}, ${pText(comparison.adjusted)}${comparison.adjusted === comparison.p ? '' : ' (Holm)'}`}
          </p>
          <p class="muted">{`${comparison.ft} won, ${comparison.tf} lost`}</p>
        </>
      )}
    </>
  );
}

/** The name, with what gives each region for a stitch. */
function Name({ row: { regions, role, label } }: { row: Row }) {
  if (regions === null)
    return (
      <span class="forest-name">
        <i class={`chip-square role-${role ?? 'none'}`} />
        {label}
      </span>
    );
  return (
    <span class="forest-name">
      <span class="chip-regions" aria-hidden="true">
        {regions.map((own, at) => (
          <i key={at} class={`chip-square role-${own.toLowerCase()}`} />
        ))}
      </span>
      {label}
    </span>
  );
}
