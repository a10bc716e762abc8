/** The frame around every view: messages, the tabs of a lineage, the live region; and which view shows which state. */
import type { ComponentChildren, RefObject } from 'preact';
import { useState } from 'preact/hooks';
import type { SpectrumState, HostApi, PanelRequest, PanelState } from '../src/protocol/hostApi.js';
import { Compare } from './compare/compareView.js';
import type { Cuts } from './figure/regions.js';
import { FreezeAnswers } from './freeze/reportView.js';
import { Verifications } from './freeze/verificationView.js';
import { SpectrumTab } from './spectrum/spectrumView.js';
import type { SpectrumView } from './spectrum/view.js';
import { Icon } from './icons.js';
import { Button } from './kit.js';
import { drawOwn } from './ownViews.js';
import type { Stores } from './panel.js';
import { EmptyState, FailedState, RunningState } from './states.js';
import { Tabs } from './tabs.js';
import { Try } from './try/tryView.js';

export interface Message {
  text: string;
}

export interface FrameProps {
  host: HostApi;
  stores: Stores;
  request: PanelRequest | null;
  /** Null until the host has said what to show. */
  state: PanelState | null;
  spectrum: SpectrumState | null;
  messages: readonly Message[];
  /** Where a screen reader is told what happens. */
  live: RefObject<HTMLDivElement | null>;
  onDismiss: (message: Message) => void;
  onCut: (cuts: Cuts) => void;
}

/** A lineage's panel has tabs. */
export function isLineage(state: PanelState | null, request: PanelRequest | null): boolean {
  if (state === null) return false;
  const isOn = state.kind === 'running' || state.kind === 'failed';
  return state.kind === 'compare' || (request?.kind === 'compare' && isOn);
}

type Views = {
  [K in PanelState['kind']]: (state: Extract<PanelState, { kind: K }>, props: FrameProps) => ComponentChildren;
};

/** What shows each state. Results with a view of their own are drawn by `ownViews.tsx`. */
const VIEWS: Views = {
  empty: () => <EmptyState />,
  running: ({ title, progress }, { host }) => (
    <RunningState key={title} title={title} progress={progress} stop={() => host.cancel()} />
  ),
  failed: (state) => <FailedState state={state} />,
  compare: ({ title, result }, { host, stores, onCut }) => (
    <Compare {...{ title, result, host, onCut }} view={stores.view.get()} />
  ),
  probe: (state, { host, stores }) => drawOwn('probe', state, stores, host),
  evaluation: (state, { host, stores }) => drawOwn('transfer', state, stores, host),
  trajectory: (state, { host, stores }) => drawOwn('trajectory', state, stores, host),
  verification: ({ title, result }) => <Verifications {...{ title, result }} />,
  freezeReport: ({ title, report, waiting }) => <FreezeAnswers {...{ title, report, waiting }} />,
  try: ({ title, trial }, { host }) => <Try title={title} trial={trial} host={host} />,
  training: (state, { host, stores }) => drawOwn('training', state, stores, host),
  analysis: (state, { host, stores }) =>
    drawOwn(state.analysis, state, stores, host) ?? <pre class="report">{state.report}</pre>,
};

export function Frame(props: FrameProps) {
  const { host, stores, request, state, spectrum, messages, live, onDismiss } = props;
  const { tab } = stores.spectrum.get();
  const lineage = isLineage(state, request);
  const front = lineage && tab === 'spectrum';
  // A tab is drawn once it has been in front: figures take their size from the page.
  const [opened, setOpened] = useState(false);
  if (front && !opened) setOpened(true);
  return (
    <>
      <div class="messages">
        {messages.map((message, at) => (
          <div key={at} class="message error" role="alert" data-testid="message">
            <Icon name="error" />
            <p>{message.text}</p>
            <Button kind="icon" icon="close" label="Dismiss" onClick={() => onDismiss(message)} />
          </div>
        ))}
      </div>
      <main>
        <Tabs<SpectrumView['tab']>
          class=" panel-tabs"
          label="Views of the lineage"
          choices={[
            { value: 'comparison', label: 'Comparison' },
            { value: 'spectrum', label: 'Spectrum' },
          ]}
          value={tab}
          hidden={!lineage}
          onChange={(value) => stores.spectrum.set({ tab: value })}
        />
        <Part id="comparison" testId="panel" state={state?.kind} lineage={lineage} hidden={front}>
          {state === null ? null : VIEWS[state.kind](state as never, props)}
        </Part>
        <Part id="spectrum" testId="spectrum-panel" lineage={lineage} hidden={!front}>
          {opened && spectrum !== null ? (
            <SpectrumTab state={spectrum} view={stores.spectrum.get()} store={stores.spectrum} host={host} />
          ) : null}
        </Part>
      </main>
      <div class="visually-hidden" role="status" aria-live="polite" data-testid="live" ref={live} />
    </>
  );
}

function Part({
  id,
  testId,
  state,
  lineage,
  hidden,
  children,
}: {
  id: SpectrumView['tab'];
  testId: string;
  state?: string | undefined;
  /** It is one of two tabs. */
  lineage: boolean;
  hidden: boolean;
  children: ComponentChildren;
}) {
  const tab = lineage ? { id: `tabpanel-${id}`, role: 'tabpanel' as const, 'aria-labelledby': `tab-${id}` } : {};
  return (
    <div class="panel" data-testid={testId} data-state={state} hidden={hidden} {...tab}>
      {children}
    </div>
  );
}
