/**
 * The panel: a function of `PanelState` plus calls to a host. It runs wherever there is a DOM and somebody who
 * answers those calls: in a VS Code webview (main.ts) or in a plain page (playground).
 */
import { createRef, render, type RefObject } from 'preact';
import type {
  GeometryState,
  HostApi,
  PanelApi,
  PanelMemory,
  PanelRequest,
  PanelState,
} from '../src/protocol/hostApi.js';
import { recut, recutSpectrum } from '../src/protocol/recut.js';
import { focusedView } from './compare/compareView.js';
import { Panel, type PanelContext } from './context.js';
import type { Cuts } from './figure/regions.js';
import { reveal } from './dom.js';
import { Frame, isLineage, type Message } from './frame.js';
import { parseGeometryView } from './geometry/view.js';
import { focusProbes } from './probe/probeView.js';
import { parseProbeView } from './probe/view.js';
import { createStore } from './state/store.js';
import { parseView } from './state/view.js';
import { watchTheme } from './theme.js';
import { createTooltip } from './tooltip.js';
import { parseTrainingView } from './training/view.js';
import { parseTransferView } from './transfer/view.js';

export interface PanelOptions {
  root: HTMLElement;
  host: HostApi;
  memory: PanelMemory | null;
  /** Called when there is something new to remember across a reload. */
  remember: (memory: PanelMemory) => void;
}

/** The user's choices, one store per analysis; what is remembered of each has its own place in `PanelMemory.view`. */
function createStores(memory: PanelMemory | null) {
  return {
    view: createStore(parseView(memory?.view)),
    probe: createStore(parseProbeView(memory?.view['probe'])),
    geometry: createStore(parseGeometryView(memory?.view['geometry'])),
    transfer: createStore(parseTransferView(memory?.view['transfer'])),
    training: createStore(parseTrainingView(memory?.view['training'])),
  };
}

export type Stores = ReturnType<typeof createStores>;

/** Typing in a search box should not write the state on every key. Milliseconds. */
const SETTLE = 150;

/** Builds the panel and serves `PanelApi`. It stays blank until `start` has asked the host what to show. */
export function createPanel({ root, host, memory, remember }: PanelOptions): PanelApi & { start(): Promise<void> } {
  const stores = createStores(memory);
  let request: PanelRequest | null = memory?.request ?? null;
  let state: PanelState | null = null;
  let geometry: GeometryState | null = null;
  let messages: Message[] = [];
  const live = createRef<HTMLDivElement>();
  let pending: ReturnType<typeof setTimeout> | undefined;

  function draw(): void {
    render(
      <Panel.Provider value={context}>
        <Frame
          {...{ host, stores, request, state, geometry, messages, live }}
          onDismiss={dismiss}
          onCut={(cuts) => void cut(cuts)}
        />
      </Panel.Provider>,
      root,
    );
  }
  function keep(): void {
    clearTimeout(pending);
    pending = setTimeout(() => {
      const { view, ...others } = stores;
      const own = Object.fromEntries(Object.entries(others).map(([name, store]) => [name, { ...store.get() }]));
      remember({ request, view: { ...view.get(), ...own } });
    }, SETTLE);
  }
  const dismiss = (message: Message) => {
    messages = messages.filter((one) => one !== message);
    draw();
  };
  function showError(error: unknown): void {
    messages = [...messages, { text: textOf(error) }].slice(-3);
    draw();
  }
  function showState(next: PanelState): void {
    // What a run said of its progress is over with the run.
    if (state?.kind === 'running' && next.kind !== 'running' && live.current !== null) live.current.textContent = '';
    if (state?.kind !== next.kind) context.tooltip.hide();
    state = next;
    draw();
    document.title = 'title' in next ? next.title : 'Frankenstein';
  }
  /** Moves the borders here, and tells the host, which may refuse. */
  async function cut(cuts: Cuts): Promise<void> {
    const before = { state, geometry };
    if (state?.kind === 'compare') state = { ...state, result: recut(state.result, cuts) };
    if (geometry?.kind === 'result') geometry = { ...geometry, result: recutSpectrum(geometry.result, cuts) };
    const after = { state, geometry };
    draw();
    const done = await context.ask(host.setCuts({ cuts: [...cuts] }).then(() => true));
    if (done === true && request?.kind === 'compare') request = { ...request, cuts: [...cuts] };
    if (done === true) return keep();
    if (state === after.state) state = before.state;
    if (geometry === after.geometry) geometry = before.geometry;
    draw();
  }
  function showTab(): void {
    context.tooltip.hide();
    if (!isLineage(state, request)) return;
    const { tab } = stores.geometry.get();
    // The buttons of the editor's title follow the tab.
    void host.tabShown({ tab }).catch(() => undefined);
    if (tab === 'geometry' && geometry === null)
      void context.ask(host.geometry()).then((found) => {
        if (found === undefined || geometry !== null) return;
        geometry = found;
        draw();
      });
  }

  const context = contextOf(root, host, stores, live, showError);
  const changed = () => {
    draw();
    keep();
  };
  for (const store of Object.values(stores)) store.subscribe(changed);
  stores.geometry.subscribe((now, before) => now.tab !== before.tab && showTab());
  draw();

  return {
    async start() {
      try {
        showState(await host.ready({ memory }));
        showTab();
      } catch (error) {
        showError(error);
      }
    },
    show({ state: next, request: nextRequest }) {
      const was = isLineage(state, request);
      request = nextRequest;
      showState(next);
      if (was !== isLineage(state, request)) showTab();
      keep();
      return Promise.resolve();
    },
    progress({ progress }) {
      if (state?.kind === 'running') showState({ ...state, progress });
      return Promise.resolve();
    },
    geometry({ state: next, front }) {
      if (geometry?.kind !== next.kind) context.tooltip.hide();
      geometry = next;
      draw();
      if (front) stores.geometry.set({ tab: 'geometry' });
      return Promise.resolve();
    },
    answer(said) {
      if (state?.kind === 'try') showState({ ...state, trial: withAnswer(state.trial, said) });
      return Promise.resolve();
    },
    focus({ depth, tensor }) {
      stores.geometry.set({ tab: 'comparison' });
      if (state?.kind === 'compare') {
        const focused = focusedView(state.result, depth, tensor);
        stores.view.set(focused);
        revealPart(root, focused.tensor === null ? '.layer-figure' : '.table');
      }
      // A probe has language layers only, and counts them from 0.
      if (state?.kind === 'probe') focusProbes(state.results, stores.probe, depth === null ? null : depth - 1);
      return Promise.resolve();
    },
  };
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function revealPart(root: HTMLElement, selector: string): void {
  const part = root.querySelector<HTMLElement>(selector);
  if (part !== null) reveal(part);
}

/** What every part is given. `live` is where a screen reader is told what happens. */
function contextOf(
  root: HTMLElement,
  host: HostApi,
  stores: Stores,
  live: RefObject<HTMLDivElement | null>,
  onError: (error: unknown) => void,
): PanelContext {
  return {
    host,
    view: stores.view,
    theme: watchTheme(root),
    tooltip: createTooltip(root),
    announce(text) {
      // The same words twice would not be read again without a change in between.
      if (live.current !== null) live.current.textContent = live.current.textContent === text ? `${text}\u00a0` : text;
    },
    async ask(call) {
      try {
        return await call;
      } catch (error) {
        onError(error);
        return undefined;
      }
    },
  };
}

type Trial = Extract<PanelState, { kind: 'try' }>['trial'];

/** With what an answer says so far. */
function withAnswer(trial: Trial, said: { exchange: number; checkpoint: number; text: string }): Trial {
  const { exchange: id, checkpoint, text } = said;
  const exchanges = trial.exchanges.map((exchange) =>
    exchange.id !== id
      ? exchange
      : { ...exchange, answers: exchange.answers.map((one, at) => (at === checkpoint ? { ...one, text } : one)) },
  );
  return { ...trial, exchanges };
}
