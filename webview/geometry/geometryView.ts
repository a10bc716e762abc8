/** The Geometry tab: an offer with its cost, the run under way, or its result. */
import type { GeometryState } from '../../src/protocol/hostApi.js';
import type { PanelContext } from '../context.js';
import { h, replace } from '../dom.js';
import { runningState, type RunningView } from '../states.js';
import type { Store } from '../state/store.js';
import { createOffer } from './offer.js';
import { createGeometryResult, type GeometryResultView } from './resultView.js';
import type { GeometryView } from './view.js';

export interface GeometryTab {
  element: HTMLElement;
  show(state: GeometryState): void;
  focus(depth: number | null, tensor: string | null): void;
  dispose(): void;
}

export function createGeometryTab(context: PanelContext, store: Store<GeometryView>): GeometryTab {
  const element = h('div', {});
  const offer = createOffer(context);
  let running: RunningView | null = null;
  let result: GeometryResultView | null = null;

  function leaveResult(): void {
    result?.dispose();
    result = null;
    context.tooltip.hide();
  }

  return {
    element,
    show(state) {
      element.dataset['state'] = state.kind;
      if (state.kind === 'running' && running !== null) {
        running.progress(state.progress);
        return;
      }
      running = null;
      if (state.kind !== 'result') leaveResult();
      switch (state.kind) {
        case 'offer':
        case 'failed':
          replace(element, offer.element);
          offer.show(state);
          break;
        case 'running':
          running = runningState(context, state, () => context.host.cancelSpectrum());
          replace(element, running.element);
          break;
        case 'result':
          if (result === null) {
            result = createGeometryResult(context, store);
            // In the page before it draws: canvases take their size from it.
            replace(element, result.element);
          }
          result.show(state.title, state.result);
          break;
      }
    },
    focus: (depth, tensor) => result?.focus(depth, tensor),
    dispose: leaveResult,
  };
}
