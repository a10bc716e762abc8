/** The borders of Early, Mid and Late as numbers, for whoever does not drag them. */
import { Button, NumberField } from '../kit.js';
import { defaultCuts, moveCut, type Cuts } from './regions.js';

export function CutRow({
  languageLayers: layers,
  cuts,
  hidden,
  onCut,
}: {
  languageLayers: number;
  cuts: Cuts;
  hidden: boolean;
  onCut: (cuts: Cuts) => void;
}) {
  const [mid, late] = cuts;
  const usual = defaultCuts(layers);
  const move = (which: 0 | 1) => (value: number) => onCut(moveCut(cuts, which, value, layers));
  return (
    <div class="cuts" role="group" aria-label="Regions of the language layers" hidden={hidden} data-testid="cuts">
      <span>
        Mid from layer
        <NumberField
          label="First layer of Mid"
          testId="cut-mid"
          value={mid}
          min={1}
          max={late - 1}
          onChange={move(0)}
        />
      </span>
      <span>
        Late from layer
        <NumberField
          label="First layer of Late"
          testId="cut-late"
          value={late}
          min={mid + 1}
          max={layers - 1}
          onChange={move(1)}
        />
      </span>
      <Button
        label="Thirds"
        title="Cut into thirds again"
        testId="cut-thirds"
        hidden={mid === usual[0] && late === usual[1]}
        onClick={() => onCut(usual)}
      />
    </div>
  );
}
