/** The Spectrum tab: an offer with its cost, the run under way, or its result. */
import type { SpectrumState } from '../../src/protocol/hostApi.js';
import type { SpectrumHost } from '../host.js';
import type { Store } from '../state/store.js';
import { RunningState } from '../states.js';
import { Offer } from './offer.js';
import { SpectrumResultView } from './resultView.js';
import type { SpectrumView } from './view.js';

export function SpectrumTab({
  state,
  view,
  store,
  host,
}: {
  state: SpectrumState;
  view: SpectrumView;
  store: Store<SpectrumView>;
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
        return <SpectrumResultView title={state.title} result={state.result} {...{ view, store, host }} />;
    }
  }
}
