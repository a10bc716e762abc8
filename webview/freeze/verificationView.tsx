/** Whether frozen weights stayed, bit for bit, and how far the others moved: a table of regions per run. */
import { useMemo } from 'preact/hooks';
import type { Verification, VerifiedRun, VerifyResult } from '../../src/protocol/engineApi.js';
import { usePanel } from '../context.js';
import { MenuButton } from '../exporters/menu.js';
import { MissingList, Warnings } from '../folding.js';
import { formatFloorRatio, formatNumber, formatFraction, plural } from '../format.js';
import { Icon } from '../icons.js';
import { verificationExports } from './exports.js';
import './freeze.css';
import { finishedText } from '../overview/origin.js';
import { groupRows } from './model.js';

export function Verifications({ title, result }: { title: string; result: VerifyResult }) {
  const context = usePanel();
  const exports = useMemo(() => verificationExports(context, result, title), [result, title]);
  const checked = result.runs.filter(({ verification }) => verification !== null);
  const failed = checked.filter(({ verification }) => !verification!.passed);
  const text = result.passed
    ? `Everything that should have stayed frozen did, in ${plural(checked.length, 'result')}.`
    : `Weights that should have stayed frozen moved in ${failed.length} of ${plural(checked.length, 'result')}.`;
  return (
    <div class="verification" data-testid="verification" data-passed={result.passed}>
      <div class="top">
        <div class="title-row">
          <h1>{title}</h1>
          <MenuButton label="Export" testId="export" entries={exports} />
        </div>
        <div class={result.passed ? 'message' : 'message error'} role={result.passed ? 'status' : 'alert'}>
          <Icon name={result.passed ? 'info' : 'error'} />
          <p data-testid="verification-answer">{text}</p>
        </div>
      </div>
      <div class="curve-cards">
        {result.runs.map((run) => (
          <Run key={run.run} run={run} />
        ))}
      </div>
      <p class="note forest-key">
        Bit-identical: the same bytes as in IN; a result that is stored more finely holds exactly IN’s values. × floor:
        size of the update over what rounding to the stored type adds by itself.
      </p>
    </div>
  );
}

function Run({ run: { run, verification } }: { run: VerifiedRun }) {
  const name = run === '' ? 'Result' : run;
  return (
    <section class="card" aria-label={name} data-testid={`verified-${name}`}>
      <h2>{name}</h2>
      {verification === null ? (
        <p class="muted">No result yet.</p>
      ) : (
        <>
          <p class="muted held-path">{verification.madeOf ?? verification.result}</p>
          <p class="muted" data-testid="verified-when">{`Verified ${finishedText(verification.provenance)}`}</p>
          <Groups name={name} verification={verification} />
          <Moved name={name} verification={verification} />
          <Warnings id={`verified-warnings-${name}`} list={verification.warnings} />
        </>
      )}
    </section>
  );
}

function Groups({ name, verification }: { name: string; verification: Verification }) {
  return (
    <div class="numbers-scroll" tabIndex={0} role="region" aria-label={`Regions of ${name}`}>
      <table class="number-table held">
        <thead>
          <tr>
            <th scope="col">Region or part</th>
            <th scope="col">State</th>
            <th scope="col" class="numeric">
              Update
            </th>
            <th scope="col" class="numeric">
              × floor
            </th>
            <th scope="col" class="numeric">
              Changed
            </th>
            <th scope="col" class="numeric">
              Parameters
            </th>
          </tr>
        </thead>
        <tbody>
          {groupRows(verification).map(({ group, parameters, state, ok, fro, timesFloor, changed }) => (
            <tr key={`${group} ${ok === null}`} data-group={group}>
              <th scope="row">{group}</th>
              <td class={ok === null ? '' : ok ? 'verdict right' : 'verdict wrong'}>
                {ok === null ? state : `${ok ? '✔' : '✘'} ${state}`}
              </td>
              <td class="numeric">{fro === null ? '' : formatNumber(fro)}</td>
              <td class="numeric">{timesFloor === null ? '' : formatFloorRatio(timesFloor)}</td>
              <td class="numeric">{changed === null ? '' : formatFraction(changed)}</td>
              <td class="numeric">{parameters.toLocaleString('en')}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Moved({ name, verification: { moved, missing } }: { name: string; verification: Verification }) {
  if (moved.length + missing.length === 0) return null;
  return (
    <>
      <MissingList
        id={`moved-${name}`}
        title={`${plural(moved.length, 'tensor')} moved`}
        items={moved}
        open={moved.length <= 8}
      >
        {({ name: tensor, changed, elements, maxAbs, belowStep }) => (
          <>
            <code>{tensor}</code>
            {`: ${changed.toLocaleString('en')} of ${elements.toLocaleString('en')} weights, by up to ${formatNumber(maxAbs)}`}
            {belowStep ? ', less than half a step of its type in IN' : ''}
          </>
        )}
      </MissingList>
      <MissingList
        id={`lost-${name}`}
        title={`${plural(missing.length, 'tensor')} missing`}
        items={missing}
        open={missing.length <= 8}
      >
        {({ name: tensor, reason }) => (
          <>
            <code>{tensor}</code>
            {`: ${reason}`}
          </>
        )}
      </MissingList>
    </>
  );
}
