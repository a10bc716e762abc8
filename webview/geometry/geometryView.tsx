/** The Spectrum tab: an offer with its cost, the run under way, or its result. */
import type { GeometryState } from '../../src/protocol/hostApi.js';
import type { SpectrumHost } from '../host.js';
import type { Store } from '../state/store.js';
import { RunningState } from '../states.js';
import { Offer } from './offer.js';
import { GeometryResult } from './resultView.js';
import type { GeometryView } from './view.js';

export function GeometryTab({
  state,
  view,
  store,
  host,
}: {
  state: GeometryState;
  view: GeometryView;
  store: Store<GeometryView>;
  host: SpectrumHost;
}) {
  return <div data-state={state.kind}>{contentOf()}</div>;

  function contentOf() {
    switch (state.kind) {
      case 'offer':
      case 'failed':
        return <Offer state={state} host={host} />;
      case 'running':
        return <RunningState title={state.title} progress={state.progress} stop={() => host.cancelSpectrum()} />;
      case 'result':
        return <GeometryResult title={state.title} result={state.result} {...{ view, store, host }} />;
    }
  }
}
