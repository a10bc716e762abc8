/**
 * The paper's Table 2 as picture and table at once: a row per checkpoint, a column per ability; in a cell the share, its
 * interval on a track, the reference's value as a line, and a mark where the difference holds. One tab stop; arrows walk.
 */
import type { AbilityName } from '../../src/protocol/engineApi.js';
import type { PanelContext } from '../context.js';
import { h, replace } from '../dom.js';
import { formatShare, plural } from '../format.js';
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

export interface Forest {
  element: HTMLElement;
  show(
    model: TransferModel,
    against: number | null,
    chosen: { checkpoint: number | null; ability: AbilityName | null },
  ): void;
}

export function createForest(
  context: PanelContext,
  choose: (checkpoint: number, ability: AbilityName) => void,
): Forest {
  const table = h('table', { class: 'forest', 'data-testid': 'forest' });
  const element = h('div', { class: 'forest-frame' }, table);

  table.addEventListener('keydown', (event) => {
    const cells = [...table.querySelectorAll<HTMLElement>('.forest-cell')];
    const at = cells.indexOf(event.target as HTMLElement);
    if (at === -1) return;
    const wide = table.querySelectorAll('thead .forest-head').length;
    const to = {
      ArrowRight: at + 1,
      ArrowLeft: at - 1,
      ArrowDown: at + wide,
      ArrowUp: at - wide,
      Home: at - (at % wide),
      End: at - (at % wide) + wide - 1,
    }[event.key];
    if (to === undefined || cells[to] === undefined) return;
    event.preventDefault();
    for (const cell of cells) cell.tabIndex = -1;
    cells[to].tabIndex = 0;
    cells[to].focus();
  });

  return {
    element,
    show(model, against, chosen) {
      const { rows, abilities } = model;
      const focused = document.activeElement?.closest<HTMLElement>('.forest-cell')?.dataset['cell'];
      const first =
        chosen.checkpoint !== null && chosen.ability !== null
          ? `${chosen.checkpoint}-${chosen.ability}`
          : `0-${abilities[0]!}`;
      replace(
        table,
        h(
          'caption',
          { class: 'visually-hidden' },
          `Abilities of ${plural(rows.length, 'checkpoint')} with 95% intervals. Arrow keys move between cells, Enter shows the questions behind one.`,
        ),
        h(
          'thead',
          {},
          h(
            'tr',
            {},
            h('th', { scope: 'col' }, 'Checkpoint'),
            ...abilities.map((ability) =>
              h(
                'th',
                { scope: 'col', class: 'forest-head', title: ABILITY_MEANINGS[ability] },
                ABILITY_NAMES[ability],
                h('span', { class: 'muted part-detail' }, `n = ${scoreOf(model, 0, ability)?.n ?? 0}`),
              ),
            ),
          ),
        ),
        h(
          'tbody',
          {},
          ...rows.map((row) =>
            h(
              'tr',
              { class: row.index === against ? 'reference' : '' },
              h(
                'th',
                { scope: 'row' },
                nameOf(row),
                row.index === against ? h('span', { class: 'muted part-detail' }, 'reference') : null,
              ),
              ...abilities.map((ability) =>
                h('td', { 'data-ability': ABILITY_NAMES[ability] }, cell(model, row, ability, against)),
              ),
            ),
          ),
        ),
      );
      for (const own of table.querySelectorAll<HTMLElement>('.forest-cell')) {
        const key = own.dataset['cell']!;
        own.tabIndex = key === (focused ?? first) ? 0 : -1;
        own.setAttribute(
          'aria-pressed',
          String(chosen.checkpoint !== null && key === `${chosen.checkpoint}-${chosen.ability ?? ''}`),
        );
        if (key === focused) own.focus();
      }
    },
  };

  function cell(model: TransferModel, row: Row, ability: AbilityName, against: number | null): HTMLElement {
    const score = scoreOf(model, row.index, ability)!;
    const comparison = comparisonOf(model, row.index, against, ability);
    const reference = against === null ? undefined : scoreOf(model, against, ability);
    const place = (share: number) => `${(100 * share) / model.most}%`;
    const holds = comparison !== undefined && comparison.adjusted < SIGNIFICANT;
    const own = h(
      'button',
      {
        type: 'button',
        class: 'forest-cell',
        'data-cell': `${row.index}-${ability}`,
        'data-testid': `cell-${row.index}-${ability}`,
        'aria-label': cellText(model, row, ability, against),
        on: { click: () => choose(row.index, ability) },
      },
      h('span', { class: 'forest-value number' }, formatShare(score.value)),
      h('span', { class: 'forest-interval number muted' }, intervalText(score)),
      h(
        'span',
        { class: `forest-mark number ${holds ? (comparison.difference > 0 ? 'up' : 'down') : 'muted'}` },
        comparison === undefined
          ? ''
          : holds
            ? `${comparison.difference > 0 ? '▲' : '▼'} ${points(comparison.difference)}`
            : points(comparison.difference),
      ),
      h(
        'span',
        { class: `forest-track role-${row.role ?? 'none'}` },
        reference === undefined ? null : h('i', { class: 'forest-reference', style: { left: place(reference.value) } }),
        h('i', {
          class: 'forest-whisker',
          style: { left: place(score.low), width: `calc(${place(score.high)} - ${place(score.low)})` },
        }),
        h('i', { class: 'forest-dot', style: { left: place(score.value) } }),
      ),
    );
    own.addEventListener('pointerenter', () => {
      const box = own.getBoundingClientRect();
      context.tooltip.show(
        { x: box.left + box.width / 3, y: box.bottom - 8 },
        h('strong', {}, `${row.label} · ${ABILITY_NAMES[ability]}`),
        h('p', {}, `${formatShare(score.value)} (${score.hits} of ${score.n}), 95% interval ${intervalText(score)}`),
        comparison === undefined
          ? null
          : h(
              'p',
              {},
              `${points(comparison.difference)} points against ${model.rows[comparison.against]!.label}, ${pText(comparison.adjusted)}${comparison.adjusted === comparison.p ? '' : ' (Holm)'}`,
            ),
        comparison === undefined ? null : h('p', { class: 'muted' }, `${comparison.ft} won, ${comparison.tf} lost`),
      );
    });
    own.addEventListener('pointerleave', () => context.tooltip.hide());
    return own;
  }
}

/** The name, with what gives each region for a splice. */
export function nameOf(row: Row): HTMLElement {
  if (row.regions === null)
    return h('span', { class: 'forest-name' }, h('i', { class: `chip-square role-${row.role ?? 'none'}` }), row.label);
  return h(
    'span',
    { class: 'forest-name' },
    h(
      'span',
      { class: 'chip-regions', 'aria-hidden': 'true' },
      ...row.regions.map((own) => h('i', { class: `chip-square role-${own.toLowerCase()}` })),
    ),
    row.label,
  );
}
