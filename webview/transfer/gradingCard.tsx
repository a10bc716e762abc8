/** Who judged, how far rules and judge agree, and where verdicts changed. */
import type { AbilityName } from '../../src/protocol/engineApi.js';
import { judgeText, regradeLines } from '../../src/protocol/evaluationReading.js';
import { Headings } from '../folding.js';
import { formatFraction, plural } from '../format.js';
import { Button } from '../kit.js';
import { ABILITY_NAMES, changedCount, type TransferModel } from './model.js';

/** Nothing for an evaluation that rules alone judged once. */
export function GradingCard({
  model,
  onChanged,
}: {
  model: TransferModel;
  /** Shows the questions of a cell whose verdicts changed. */
  onChanged: (checkpoint: number, ability: AbilityName) => void;
}) {
  const { result, rows, abilities } = model;
  const { regrade, agreement = [] } = result;
  if (regrade === undefined && agreement.length === 0) return null;
  const cells = rows.flatMap(({ index }) =>
    abilities.map((ability) => ({ index, ability, count: changedCount(model, index, ability) })),
  );
  const changed = regrade === undefined ? [] : cells.filter(({ count }) => count > 0);
  return (
    <section class="card" aria-label="Grading" data-testid="grading">
      <h2>Grading</h2>
      <p>{sentence(judgeText(result))}</p>
      {regradeLines(result).map((line) => (
        <p key={line}>{sentence(line)}</p>
      ))}
      {changed.length === 0 ? null : (
        <ul class="grading-changed">
          {changed.map(({ index, ability, count }) => (
            <li key={`${index}-${ability}`}>
              <Button
                label={`${rows[index]!.label}, ${ABILITY_NAMES[ability].toLowerCase()}: ${plural(count, 'question')}`}
                testId={`changed-${index}-${ability}`}
                title="Show the questions whose verdict changed"
                onClick={() => onChanged(index, ability)}
              />
            </li>
          ))}
        </ul>
      )}
      {agreement.length === 0 ? null : <AgreementTable model={model} />}
    </section>
  );
}

const sentence = (text: string) => `${text[0]!.toUpperCase()}${text.slice(1)}.`;

function AgreementTable({ model: { result, rows } }: { model: TransferModel }) {
  return (
    <>
      <div class="numbers-scroll" tabIndex={0} role="region" aria-label="Agreement of the rules and the judge">
        <table class="number-table one-name">
          <Headings
            texts={[
              'Checkpoint',
              'Answers',
              'Both correct',
              'Rules only',
              'Judge only',
              'Both incorrect',
              'Agree',
              'κ',
              '95%',
            ]}
          />
          <tbody>
            {result.agreement!.map((one) => (
              <tr key={one.checkpoint ?? 'all'}>
                <th scope="row" class="text">
                  {one.checkpoint === null ? 'All' : rows[one.checkpoint]!.label}
                </th>
                <td>{one.n}</td>
                <td>{one.bothRight}</td>
                <td>{one.rulesOnly}</td>
                <td>{one.graderOnly}</td>
                <td>{one.bothWrong}</td>
                <td>{formatFraction(one.observed)}</td>
                <td>{one.kappa === null ? '' : one.kappa.toFixed(2)}</td>
                <td>{one.low === null || one.high === null ? '' : `${one.low.toFixed(2)}–${one.high.toFixed(2)}`}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <p class="note">
        κ (Cohen): agreement beyond chance; 1 is full, 0 is chance. Its interval counts questions, not answers.
      </p>
    </>
  );
}
