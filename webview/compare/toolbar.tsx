/** What the figures of a comparison show: metric, aggregate, weights, scale, axes. */
import { usePanel } from '../context.js';
import { Dropdown, Segmented } from '../kit.js';
import { ENERGY_OVER_TEXT, METRIC_TEXT, RELATIVE_OVER_TEXT } from '../state/measure.js';
import type { Model } from '../state/model.js';
import {
  ENERGY_OVER,
  METRICS,
  RELATIVE_OVER,
  type EnergyOver,
  type Metric,
  type Part,
  type RelativeOver,
  type ViewState,
} from '../state/view.js';
import { Help } from '../tooltip.js';

/** Parts of the layers that have weights. */
export function partsOf({ result }: Model): Part[] {
  const names = result.layers.flatMap(({ components }) =>
    Object.entries(components).flatMap(([name, own]) => (own.weights > 0 ? [name as Part] : [])),
  );
  return [...new Set(names)];
}

export function CompareToolbar({ model, view }: { model: Model; view: ViewState }) {
  const { set } = usePanel().view;
  const parts = partsOf(model);
  return (
    <div class="toolbar figure-toolbar" role="toolbar" aria-label="What the figures show">
      <Dropdown<Metric>
        label="Metric"
        testId="metric"
        choices={METRICS.map((value) => ({ value, label: METRIC_TEXT[value].label }))}
        value={view.metric}
        onChange={(metric) => set({ metric })}
        after={
          <span class="help-slot">
            <Help text={METRIC_TEXT[view.metric].help} />
          </span>
        }
      />
      <Dropdown<EnergyOver>
        label="Aggregate over matrices"
        testId="energy-over"
        choices={ENERGY_OVER.map((value) => ({ value, label: ENERGY_OVER_TEXT[value] }))}
        value={view.energyOver}
        hidden={view.metric !== 'energy'}
        onChange={(energyOver) => set({ energyOver })}
      />
      <Dropdown<RelativeOver>
        label="Aggregate over matrices"
        testId="relative-over"
        choices={RELATIVE_OVER.map((value) => ({ value, label: RELATIVE_OVER_TEXT[value] }))}
        value={view.relativeOver}
        hidden={view.metric !== 'relative'}
        onChange={(relativeOver) => set({ relativeOver })}
      />
      <Dropdown<Part>
        label="Weights"
        testId="part"
        choices={[
          { value: 'all', label: 'All' },
          ...parts.map((value) => ({ value, label: value === 'mlp' ? 'MLP' : capital(value) })),
        ]}
        value={view.part}
        hidden={parts.length < 2}
        onChange={(part) => set({ part })}
      />
      <Segmented<ViewState['scale']>
        label="Scale"
        testId="scale"
        choices={[
          { value: 'linear', label: 'Linear' },
          { value: 'log', label: 'Log' },
        ]}
        value={view.scale}
        onChange={(scale) => set({ scale })}
      />
      <Segmented<ViewState['axes']>
        label="Y axes"
        testId="axes"
        choices={[
          { value: 'own', label: 'Own', title: 'Each update on an axis of its own' },
          { value: 'shared', label: 'Shared', title: 'All updates on one axis' },
        ]}
        value={view.axes}
        hidden={model.deltas.length < 2}
        onChange={(axes) => set({ axes })}
      />
    </div>
  );
}

export function capital(word: string): string {
  return word.charAt(0).toUpperCase() + word.slice(1);
}
