/** The numbers of an evaluation as tables. */
import type { AbilityName } from '../../src/protocol/engineApi.js';
import { Folding, Headings, Numbers } from '../folding.js';
import { formatFraction } from '../format.js';
import {
  ABILITY_NAMES,
  comparisonOf,
  intervalText,
  probability,
  scoreOf,
  SETTING_NAMES,
  type TransferModel,
} from './model.js';

const HEADINGS = [
  'Checkpoint',
  'Ability',
  'Value',
  '95%',
  'Count',
  'Lost',
  'Won',
  'p',
  'p (Holm)',
  'Side effect',
  'Lift',
];

export function EvaluationNumbers({ model, against }: { model: TransferModel; against: number | null }) {
  const { rows, abilities } = model;
  return (
    <>
      <Numbers
        id="transfer-numbers"
        label="Numbers of the table"
        count={rows.length * abilities.length}
        headings={HEADINGS}
        rows={() =>
          rows.flatMap(({ index }) =>
            abilities.map((ability) => (
              <Row key={`${index}-${ability}`} {...{ model, against, ability }} checkpoint={index} />
            )),
          )
        }
        after={
          <p class="note">
            Lost and won: questions that only the reference, or only the checkpoint, gets right. Side effect: lost, as a
            fraction of what the reference gets right. Lift: won, as a fraction of what it gets wrong. p: McNemar’s
            test, exact where few questions differ (≈ otherwise).
          </p>
        }
      />
      <Accuracies model={model} />
    </>
  );
}

function Row({
  model,
  checkpoint,
  ability,
  against,
}: {
  model: TransferModel;
  checkpoint: number;
  ability: AbilityName;
  against: number | null;
}) {
  const { n, hits, value, low, high } = scoreOf(model, checkpoint, ability)!;
  const compared = comparisonOf(model, checkpoint, against, ability);
  return (
    <tr>
      <th scope="row" class="text">
        {model.rows[checkpoint]!.label}
      </th>
      <td class="text">{ABILITY_NAMES[ability]}</td>
      <td>{formatFraction(value)}</td>
      <td>{intervalText({ low, high })}</td>
      <td>{`${hits} / ${n}`}</td>
      <td>{compared?.tf}</td>
      <td>{compared?.ft}</td>
      <td>{compared ? `${probability(compared.p)}${compared.exact ? '' : ' ≈'}` : ''}</td>
      <td>{compared ? probability(compared.adjusted) : ''}</td>
      <td>{formatFraction(compared?.sideEffect)}</td>
      <td>{formatFraction(compared?.lift)}</td>
    </tr>
  );
}

function Accuracies({ model: { rows, result } }: { model: TransferModel }) {
  return (
    <Folding id="transfer-accuracies" open={false} class="numbers" title="Accuracy by setting">
      <div class="numbers-scroll" tabIndex={0} role="region" aria-label="Accuracy by setting">
        <table class="number-table">
          <Headings texts={['Checkpoint', 'Set', 'Setting', 'Accuracy', '95%', 'n']} />
          <tbody>
            {result.accuracies.map((one, at) => (
              <tr key={at}>
                <th scope="row" class="text">
                  {rows[one.checkpoint]!.label}
                </th>
                <td class="text">{one.set}</td>
                <td class="text">{SETTING_NAMES[one.setting]}</td>
                <td>{formatFraction(one.value)}</td>
                <td>{intervalText(one)}</td>
                <td>{one.n}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </Folding>
  );
}
