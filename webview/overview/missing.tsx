/** Tensors that one of the checkpoints lacks, or has in another shape. */
import { MissingList } from '../folding.js';
import { formatShape, plural } from '../format.js';
import type { Model } from '../state/model.js';

export function Missing({ model }: { model: Model }) {
  const { missing, stages } = model.result;
  const label = (index: number) => stages[index]?.label ?? `stage ${index}`;
  return (
    <MissingList id="missing" title={`${plural(missing.length, 'tensor')} without a counterpart`} items={missing}>
      {(tensor) => (
        <>
          <code>{tensor.name}</code>{' '}
          <span class="muted">
            {tensor.absentIn.length > 0
              ? `absent in ${tensor.absentIn.map(label).join(', ')}. `
              : `${tensor.shapes.map((shape, index) => `${label(index)} ${shape === null ? 'absent' : formatShape(shape)}`).join(', ')}. `}
            {tensor.reason}
          </span>
        </>
      )}
    </MissingList>
  );
}
