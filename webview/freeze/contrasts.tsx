/**
 * The answers as image and table at once: a row per run and measure, a column per question; in a cell the verdict, the
 * difference, and its 90 % interval on a track with the band of equivalence.
 */
import type { Contrast } from '../../src/protocol/engineApi.js';
import { usePanel } from '../context.js';
import {
  contrastText,
  type ForestFigure,
  type ForestRow,
  intervalText,
  MEASURE_NAMES,
  points,
  pText,
  type Question,
  QUESTIONS,
  VERDICT_WORDS,
} from './model.js';

export function Contrasts({ figure }: { figure: ForestFigure }) {
  return (
    <div class="forest-frame" tabIndex={0} role="region" aria-label="Necessary, sufficient, transferable">
      <table class="forest contrasts" data-testid="contrasts">
        <caption class="visually-hidden">
          Verdicts with differences in percentage points and 90% intervals, per frozen part and measure.
        </caption>
        <thead>
          <tr>
            <th scope="col">Frozen</th>
            {QUESTIONS.map(({ key, title, meaning }) => (
              <th key={key} scope="col" class="forest-head" title={meaning}>
                {title}
                <span class="muted part-detail contrast-meaning">{meaning}</span>
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {figure.rows.map((row, at) => (
            <tr key={`${row.run} ${row.measure}`} class={figure.rows[at - 1]?.run === row.run ? '' : 'contrast-first'}>
              <th scope="row">
                <span class={figure.rows[at - 1]?.run === row.run ? 'visually-hidden' : 'contrast-run'}>{row.run}</span>
                <span class="muted part-detail contrast-measure">{MEASURE_NAMES[row.measure]}</span>
              </th>
              {QUESTIONS.map(({ key, title }) => (
                <td key={key} data-ability={title}>
                  <Cell figure={figure} row={row} question={key} />
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Cell({ figure, row, question }: { figure: ForestFigure; row: ForestRow; question: Question }) {
  const { tooltip } = usePanel();
  const contrast = row.contrasts[question];
  if (contrast === null)
    return (
      <span class="contrast-none muted" title={contrastText(row, question)}>
        not asked
      </span>
    );
  const { verdict, difference, equivalence } = contrast;
  const show = ({ currentTarget }: { currentTarget: HTMLElement }) => {
    const box = currentTarget.getBoundingClientRect();
    tooltip.show({ x: box.left + box.width / 3, y: box.bottom - 4 }, <Behind {...{ contrast, row }} />);
  };
  return (
    <div
      class="contrast"
      role="img"
      aria-label={contrastText(row, question)}
      data-testid={`contrast-${row.run}-${row.measure}-${question}`}
      data-verdict={verdict}
      onPointerEnter={show}
      onPointerLeave={() => tooltip.hide()}
    >
      <span class={`contrast-verdict verdict-${verdict}`}>{VERDICT_WORDS[verdict]}</span>
      <span class="contrast-difference number">{points(difference)}</span>
      <span class="forest-interval number muted">{intervalText(equivalence)}</span>
      <Track figure={figure} contrast={contrast} />
    </div>
  );
}

/** The band is ±margin, the line in the middle is no difference. */
function Track({ figure: { extent, margin }, contrast }: { figure: ForestFigure; contrast: Contrast }) {
  const place = (fraction: number) => `${(50 * (fraction + extent)) / extent}%`;
  const { low, high } = contrast.equivalence;
  return (
    <span class="forest-track contrast-track">
      <i class="contrast-band" style={{ left: place(-margin), width: `${(100 * margin) / extent}%` }} />
      <i class="contrast-zero" />
      <i class="forest-whisker" style={{ left: place(low), width: `calc(${place(high)} - ${place(low)})` }} />
      <i class="forest-dot" style={{ left: place(contrast.difference) }} />
    </span>
  );
}

function Behind({ contrast, row }: { contrast: Contrast; row: ForestRow }) {
  const { difference, low, high, equivalence, won, lost, n, adjusted, exact } = contrast;
  return (
    <>
      <strong>{`${row.run} · ${MEASURE_NAMES[row.measure]}`}</strong>
      <p>{`${points(difference)} points, 95% interval ${intervalText({ low, high })}`}</p>
      <p>{`90% interval ${intervalText(equivalence)}`}</p>
      <p>{`${pText(adjusted)} (${exact ? 'exact ' : ''}McNemar, Holm)`}</p>
      <p class="muted">{`${won} won, ${lost} lost of ${n} questions`}</p>
    </>
  );
}
