/** Where in the layers a model sees and reasons: curves, their heat map, and the samples behind a point. */
import { useLayoutEffect, useMemo, useRef } from 'preact/hooks';
import { usePanel } from '../context.js';
import { reveal } from '../dom.js';
import type { LinePosition } from '../figure/lines.js';
import { Segmented } from '../kit.js';
import { Behind, type BehindProps } from './behind.js';
import {
  chosenLocation,
  chosenText,
  countText,
  curvesOf,
  layoutOf,
  localizationFigures,
  studyOf,
  variantsOf,
  visibleCurves,
} from './choice.js';
import { CurveChart } from './curveChart.js';
import { CurveNumbers } from './curveNumbers.js';
import { Legend } from './legend.js';
import { MODE_NAMES, PART_NAMES, type ProbeModel } from './model.js';
import { Surface } from './surface.js';
import type { ProbeView } from './view.js';

export type TabProps = Omit<BehindProps, 'curves' | 'frame'>;

export function Localization(props: TabProps) {
  const { store, view, model } = props;
  const { announce } = usePanel();
  const { study, mode, part, layout, hiddenCheckpoints, hiddenTasks } = view;
  const [curves, figures] = useMemo(
    () => [visibleCurves(model, view), localizationFigures(model, view)],
    [model, study, mode, part, layout, hiddenCheckpoints, hiddenTasks],
  );
  const behind = useRef<HTMLElement>(null);
  const before = useRef(view.curve);
  useLayoutEffect(() => {
    if (view.curve !== null && before.current === null && behind.current !== null) reveal(behind.current);
    before.current = view.curve;
  }, [view.curve]);
  if (curves.length === 0)
    return (
      <p class="muted empty-tab">
        This run has no localization. Choose Vision localization or Reasoning localization in “Probe Checkpoint…”.
      </p>
    );
  const choose = (choice: LinePosition | null) => {
    store.set(choice === null ? { depth: null, curve: null } : { depth: choice.x, curve: choice.key });
    announce(chosenText(model, choice));
  };
  const chosen = chosenLocation(view);
  return (
    <>
      <Toolbar {...props} />
      <Legend store={store} view={view} model={model} figure={figures[0] ?? null} />
      <div class={figures.length > 1 ? 'curve-cards many' : 'curve-cards'}>
        {figures.map((figure, at) => (
          <section key={at} class="card" aria-label={figure.title}>
            <h2>{figure.title}</h2>
            <CurveChart {...{ model, figure, chosen }} testId={`curves-${at}`} onChoose={choose} />
            <p class="note" data-testid="click-note">
              {`${countText(figure)}click a point for its samples`}
            </p>
          </section>
        ))}
      </div>
      {curves.length < 2 || studyOf(model, view) === 'reasoning' ? null : (
        <section class="card" aria-label="Function by layer">
          <h2>Function by layer</h2>
          <Surface {...{ model, curves, chosen }} onChoose={choose} />
        </section>
      )}
      <Behind {...props} curves={curves} frame={behind} />
      <div>
        <CurveNumbers id="probe-numbers" model={model} figures={figures} />
      </div>
    </>
  );
}

/** What the figures show: which study, which variant of it, one figure or several. */
function Toolbar({ store, view, model }: { store: TabProps['store']; view: ProbeView; model: ProbeModel }) {
  const study = studyOf(model, view);
  const curves = curvesOf(model, view);
  const severalTasks = new Set(curves.map(({ task }) => task)).size > 1;
  return (
    <div class="toolbar figure-toolbar" role="toolbar" aria-label="What the figures show">
      {model.vision.length > 0 && model.reasoning.length > 0 ? (
        <Segmented<ProbeView['study']>
          label="Function"
          testId="study"
          choices={[
            { value: 'vision', label: 'Vision' },
            { value: 'reasoning', label: 'Reasoning' },
          ]}
          value={study}
          onChange={(value) => store.set({ study: value, depth: null, curve: null, sample: null })}
        />
      ) : null}
      <Variant {...{ store, view, model }} />
      {study === 'vision' && severalTasks ? (
        <Segmented<'together' | 'apart'>
          label="Curves"
          testId="layout"
          choices={[
            { value: 'together', label: 'Together', title: 'All curves in one figure' },
            { value: 'apart', label: 'By function', title: 'One figure per function' },
          ]}
          value={layoutOf(view, visibleCurves(model, view))}
          onChange={(value) => store.set({ layout: value })}
        />
      ) : null}
    </div>
  );
}

/** What was done to the model: a choice where there are several, words where there is one. */
const VARIANTS = {
  vision: { label: 'Swapped', words: 'Visual tokens swapped ', field: 'mode' },
  reasoning: { label: 'Skipped', words: 'Layers skipped: ', field: 'part' },
} as const;

const VARIANT_NAMES: Record<string, string> = { ...MODE_NAMES, ...PART_NAMES };

function Variant({ store, view, model }: { store: TabProps['store']; view: ProbeView; model: ProbeModel }) {
  const study = studyOf(model, view);
  const { label, words, field } = VARIANTS[study];
  const variant = curvesOf(model, view)[0]?.variant;
  const several = variantsOf(model[study]);
  if (variant === undefined) return null;
  if (several.length < 2)
    return (
      <span class="muted variant-note" data-testid="variant-note">
        {`${words}${VARIANT_NAMES[variant]}`}
      </span>
    );
  return (
    <Segmented<string>
      label={label}
      testId="variant"
      choices={several.map((value) => ({ value, label: VARIANT_NAMES[value]! }))}
      value={variant}
      onChange={(value) => store.set({ [field]: value, depth: null, curve: null, sample: null })}
    />
  );
}
