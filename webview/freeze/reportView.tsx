/** Necessary, sufficient, transferable: the answers of a freeze experiment. */
import { useMemo } from 'preact/hooks';
import type { FreezeReport } from '../../src/protocol/engineApi.js';
import { usePanel } from '../context.js';
import { MenuButton } from '../exporters/menu.js';
import { Warnings } from '../folding.js';
import { formatFraction } from '../format.js';
import { Contrasts } from './contrasts.js';
import { reportExports } from './exports.js';
import '../transfer/transfer.css';
import './freeze.css';
import { forestOf, MEASURE_NAMES, points, pText, reading, VERDICT_WORDS } from './model.js';

export function FreezeAnswers({ title, report, waiting }: { title: string; report: FreezeReport; waiting: string[] }) {
  const context = usePanel();
  const figure = useMemo(() => forestOf(report), [report]);
  const exports = useMemo(() => reportExports(context, report, title), [report, title]);
  const margin = (100 * report.margin).toFixed(1).replace(/\.0$/, '');
  return (
    <div class="transfer" data-testid="freeze-report">
      <div class="top">
        <div class="title-row">
          <h1>{title}</h1>
          <MenuButton label="Export" testId="export" entries={exports} />
        </div>
        {waiting.length === 0 ? null : (
          <p class="muted" data-testid="waiting">{`Left out, since there is no result yet: ${waiting.join(', ')}.`}</p>
        )}
      </div>
      <div class="overview">
        <Warnings id="freeze-warnings" list={report.warnings} />
      </div>
      <div class="transfer-reading" data-testid="reading">
        {reading(report).map((sentence) => (
          <p key={sentence}>{sentence}</p>
        ))}
      </div>
      <div class="curve-cards">
        <section class="card" aria-label="Answers">
          <h2>Answers</h2>
          <Contrasts figure={figure} />
          <p class="note forest-key">
            {`Dot: paired difference in percentage points. Line: its 90% interval. Band: ±${margin} points, within which ` +
              `two results count as equal. `}
            <b>yes</b>, <b>no, the opposite</b>: McNemar’s test, Holm-corrected over the column, p &lt; 0.05.{' '}
            <b>equivalent</b>: no difference is shown, and the interval lies within the band. <b>open</b>: neither a
            difference nor equivalence is shown. More questions would tell; it does not mean “no effect”.
          </p>
        </section>
        <Scores report={report} />
      </div>
    </div>
  );
}

/** Every checkpoint by measure, and what RL gained. */
function Scores({ report: { labels, scores, gains } }: { report: FreezeReport }) {
  const measures = [...new Set(scores.map(({ measure }) => measure))];
  return (
    <section class="card" aria-label="Scores">
      <h2>Scores</h2>
      <div class="numbers-scroll" tabIndex={0} role="region" aria-label="Scores of every checkpoint">
        <table class="number-table held" data-testid="freeze-scores">
          <thead>
            <tr>
              <th scope="col">Checkpoint</th>
              {measures.map((measure) => (
                <th key={measure} scope="col" class="numeric">
                  {MEASURE_NAMES[measure]}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {labels.map((label, checkpoint) => (
              <tr key={checkpoint}>
                <th scope="row">{label}</th>
                {measures.map((measure) => {
                  const score = scores.find((one) => one.checkpoint === checkpoint && one.measure === measure)!;
                  return (
                    <td key={measure} class="numeric">
                      {formatFraction(score.value)}
                      <span class="muted">{` ${formatFraction(score.low)}–${formatFraction(score.high)}`}</span>
                    </td>
                  );
                })}
              </tr>
            ))}
          </tbody>
          <tbody>
            {[...new Set(gains.map(({ comparison }) => comparison.checkpoint))].map((checkpoint) => (
              <tr key={checkpoint}>
                <th scope="row">{`${labels[checkpoint]!} against IN`}</th>
                {measures.map((measure) => {
                  const { difference, adjusted, verdict } = gains.find(
                    (gain) => gain.measure === measure && gain.comparison.checkpoint === checkpoint,
                  )!.comparison;
                  return (
                    <td key={measure} class="numeric">
                      {points(difference)}
                      <span class="muted">{` ${VERDICT_WORDS[verdict]}, ${pText(adjusted)}`}</span>
                    </td>
                  );
                })}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}
