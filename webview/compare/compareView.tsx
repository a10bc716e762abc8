/** A comparison: head, regions, figures, table, detail and files, kept in step with the view's state. */
import { useLayoutEffect, useMemo, useRef } from 'preact/hooks';
import type { CompareResult } from '../../src/protocol/engineApi.js';
import { usePanel } from '../context.js';
import { Detail } from '../detail/tensorDetail.js';
import { reveal } from '../dom.js';
import { MenuButton } from '../exporters/menu.js';
import type { Cuts } from '../figure/regions.js';
import { FileDifferences } from '../files/files.js';
import { Warnings } from '../folding.js';
import type { CompareHost } from '../host.js';
import { Missing } from '../overview/missing.js';
import { Provenance } from '../overview/provenance.js';
import { StageChips } from '../overview/stages.js';
import { Summary } from '../overview/summary.js';
import { indexResult, type Model } from '../state/model.js';
import type { Part, ViewState } from '../state/view.js';
import { TensorTable } from '../table/tensorTable.js';
import { compareExports } from './exports.js';
import { KindsCard } from './kindsCard.js';
import { LayerCard } from './layerCard.js';
import { CompareToolbar, partsOf } from './toolbar.js';

export interface CompareProps {
  title: string;
  result: CompareResult;
  view: ViewState;
  host: CompareHost;
  onCut: (cuts: Cuts) => void;
}

export function Compare({ title, result, view, host, onCut }: CompareProps) {
  const context = usePanel();
  const model = useMemo(() => indexResult(result), [result]);
  const exports = useMemo(() => compareExports(context, model, title, context.view.get), [model, title]);
  // Nothing is drawn before all of the choices fit.
  const shown = useMemo(() => ({ ...view, ...fittingChoices(model, view) }), [model, view]);
  useLayoutEffect(() => context.view.set(fittingChoices(model, context.view.get())), [model]);
  const tensor = shown.tensor === null ? undefined : model.byName.get(shown.tensor);
  const tensors = useRef<HTMLDivElement>(null);
  const before = useRef(view.tensor);
  useLayoutEffect(() => {
    const detail = tensors.current!.querySelector<HTMLElement>('.detail');
    if (view.tensor !== before.current && detail !== null) reveal(detail);
    before.current = view.tensor;
  }, [view.tensor]);
  return (
    <div class="compare" data-testid="compare">
      <div class="top">
        <div class="title-row">
          <h1>{title}</h1>
          <MenuButton label="Export" testId="export" entries={exports} />
        </div>
        <StageChips stages={result.stages} />
      </div>
      <div class="overview">
        <Warnings id="warnings" list={result.warnings} />
        <Missing model={model} />
      </div>
      <section class="block" aria-label="Figures">
        <CompareToolbar model={model} view={shown} />
        <div class="figures">
          <LayerCard model={model} view={shown} onCut={onCut} />
          <KindsCard model={model} view={shown} />
        </div>
      </section>
      <div class="block">
        <Summary model={model} />
      </div>
      <section class="block" aria-label="All tensors">
        <h2>Tensors</h2>
        <div ref={tensors} class={tensor === undefined ? 'tensors' : 'tensors with-detail'}>
          <TensorTable model={model} view={shown} />
          {tensor === undefined ? null : (
            <Detail
              model={model}
              tensor={tensor}
              from={Math.min(shown.detailDelta, model.deltas.length - 1)}
              host={host}
            />
          )}
        </div>
      </section>
      <div>
        <FileDifferences model={model} host={host} />
      </div>
      <div>
        <Provenance {...result} />
      </div>
    </div>
  );
}

/** Choices that came from another comparison may name what this one does not have. */
function fittingChoices(model: Model, view: ViewState): Partial<ViewState> {
  const patch: Partial<ViewState> = {};
  if (view.depth !== null && !model.layers.has(view.depth)) Object.assign(patch, { depth: null, depthOnly: false });
  if (view.tensor !== null && !model.byName.has(view.tensor)) patch.tensor = null;
  if (view.part !== 'all' && !partsOf(model).includes(view.part)) patch.part = 'all' satisfies Part;
  return patch;
}

/** What is to be looked at: a layer, and perhaps one tensor of it. */
export function focusedView(result: CompareResult, depth: number | null, tensor: string | null): Partial<ViewState> {
  const own = result.tensors.find(({ name }) => name === tensor);
  const at = depth ?? own?.depth ?? null;
  return {
    depth: at,
    depthOnly: at !== null,
    tensor: own?.name ?? null,
    query: '',
    section: 'all',
    component: 'all',
  };
}
