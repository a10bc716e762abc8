/** Matrices that have no spectrum, by name. */
import { MissingList } from '../folding.js';
import { plural } from '../format.js';
import { keyOf, type SpectrumModel } from './model.js';

export function Absent({ model }: { model: SpectrumModel }) {
  const { missing, tensors } = model.result;
  const skipped = tensors.flatMap((tensor) =>
    tensor.skipped.flatMap((why, from) =>
      why === null ? [] : [{ name: keyOf(tensor), why: `${model.deltas[from]?.short ?? ''}: ${why}` }],
    ),
  );
  return (
    <>
      <MissingList
        id="spectrum-skipped"
        title={`${plural(skipped.length, 'spectrum', 'spectra')} could not be computed`}
        open={skipped.length <= 3}
        items={skipped}
      >
        {({ name, why }) => <Reason name={name} why={why} />}
      </MissingList>
      <MissingList
        id="spectrum-missing"
        title={`${plural(missing.length, 'tensor')} without a counterpart`}
        items={missing}
      >
        {({ name, reason }) => <Reason name={name} why={reason} />}
      </MissingList>
    </>
  );
}

function Reason({ name, why }: { name: string; why: string }) {
  return (
    <>
      <code>{name}</code> <span class="muted">{why}</span>
    </>
  );
}
