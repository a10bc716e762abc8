/**
 * The panel: a function of `PanelState` plus calls to a host. It runs wherever there is a DOM and somebody who
 * answers those calls: in a VS Code webview (main.ts) or in a plain page (playground).
 */
import { createRef, render, type RefObject } from 'preact';
import type {
  SpectrumState,
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
import { parseSpectrumView } from './spectrum/view.js';
import { createOwnStores } from './ownViews.js';
import { focusProbes } from './probe/probeView.js';
import { createStore } from './state/store.js';
import { parseView } from './state/view.js';
import { watchTheme } from './theme.js';
import { createTooltip } from './tooltip.js';

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
    spectrum: createStore(parseSpectrumView(memory?.view['spectrum'])),
    ...createOwnStores(memory?.view),
  };
}

export type Stores = ReturnType<typeof createStores>;

/** Typing in a search box should not write the state on every key. Milliseconds. */
const SETTLE = 150;

/** Builds the panel and serves `PanelApi`. It stays blank until `start` has asked the host what to show. */
export function createPanel(options: PanelOptions): PanelApi & { start(): Promise<void> } {
  const { root, host, memory } = options;
  const shown = new Shown(options);
  const { stores } = shown;
  const changed = () => {
    shown.draw();
    shown.rememberSoon();
  };
  for (const store of Object.values(stores)) store.subscribe(changed);
  stores.spectrum.subscribe((now, before) => now.tab !== before.tab && shown.showTab());
  shown.draw();

  return {
    async start() {
      try {
        shown.showState(await host.ready({ memory }));
        shown.showTab();
      } catch (error) {
        shown.showError(error);
      }
    },
    show({ state, request }) {
      const was = shown.isLineage;
      shown.request = request;
      shown.showState(state);
      if (was !== shown.isLineage) shown.showTab();
      shown.rememberSoon();
      return Promise.resolve();
    },
    progress({ progress }) {
      if (shown.state?.kind === 'running') shown.showState({ ...shown.state, progress });
      return Promise.resolve();
    },
    spectrum({ state, front }) {
      shown.showSpectrum(state);
      if (front) stores.spectrum.set({ tab: 'spectrum' });
      return Promise.resolve();
    },
    answer(said) {
      const { state } = shown;
      if (state?.kind === 'try') shown.showState({ ...state, trial: withAnswer(state.trial, said) });
      return Promise.resolve();
    },
    focus({ depth, tensor }) {
      stores.spectrum.set({ tab: 'comparison' });
      const { state } = shown;
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

/** What is on screen. Every change draws it anew. */
class Shown {
  readonly stores: Stores;
  request: PanelRequest | null;
  state: PanelState | null = null;
  private spectrum: SpectrumState | null = null;
  private messages: Message[] = [];
  private readonly live = createRef<HTMLDivElement>();
  private readonly context: PanelContext;
  private pending: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly options: PanelOptions) {
    const { root, host, memory } = options;
    this.stores = createStores(memory);
    this.request = memory?.request ?? null;
    this.context = contextOf(root, host, this.stores, this.live, (error) => this.showError(error));
  }

  get isLineage(): boolean {
    return isLineage(this.state, this.request);
  }

  draw(): void {
    const { stores, request, state, spectrum, messages, live } = this;
    const { host, root } = this.options;
    render(
      <Panel.Provider value={this.context}>
        <Frame
          {...{ host, stores, request, state, spectrum, messages, live }}
          onDismiss={(message) => this.dismiss(message)}
          onCut={(cuts) => void this.cut(cuts)}
        />
      </Panel.Provider>,
      root,
    );
  }

  rememberSoon(): void {
    clearTimeout(this.pending);
    this.pending = setTimeout(() => {
      const { view, ...stores } = this.stores;
      const own = Object.fromEntries(Object.entries(stores).map(([name, store]) => [name, { ...store.get() }]));
      this.options.remember({ request: this.request, view: { ...view.get(), ...own } });
    }, SETTLE);
  }

  private dismiss(message: Message): void {
    this.messages = this.messages.filter((one) => one !== message);
    this.draw();
  }

  showError(error: unknown): void {
    this.messages = [...this.messages, { text: textOf(error) }].slice(-3);
    this.draw();
  }

  showState(next: PanelState): void {
    const { state, live, context } = this;
    // What a run said of its progress is over with the run.
    if (state?.kind === 'running' && next.kind !== 'running' && live.current !== null) live.current.textContent = '';
    if (state?.kind !== next.kind) context.tooltip.hide();
    this.state = next;
    this.draw();
    document.title = 'title' in next ? next.title : 'Frankenstein';
  }

  showSpectrum(next: SpectrumState): void {
    if (this.spectrum?.kind !== next.kind) this.context.tooltip.hide();
    this.spectrum = next;
    this.draw();
  }

  /** Moves the borders here, and tells the host, which may refuse. */
  private async cut(cuts: Cuts): Promise<void> {
    const before = { state: this.state, spectrum: this.spectrum };
    const after = { ...before };
    if (after.state?.kind === 'compare') after.state = { ...after.state, result: recut(after.state.result, cuts) };
    if (after.spectrum?.kind === 'result')
      after.spectrum = { ...after.spectrum, result: recutSpectrum(after.spectrum.result, cuts) };
    Object.assign(this, after);
    this.draw();
    const done = await this.context.ask(this.options.host.setCuts({ cuts: [...cuts] }).then(() => true));
    if (done === true && this.request?.kind === 'compare') this.request = { ...this.request, cuts: [...cuts] };
    if (done === true) return this.rememberSoon();
    if (this.state === after.state) this.state = before.state;
    if (this.spectrum === after.spectrum) this.spectrum = before.spectrum;
    this.draw();
  }

  /** Tells the host which tab is in front, for the buttons of the editor's title, and fetches what that tab shows. */
  showTab(): void {
    const { context } = this;
    const { host } = this.options;
    context.tooltip.hide();
    if (!this.isLineage) return;
    const { tab } = this.stores.spectrum.get();
    void host.tabShown({ tab }).catch(() => undefined);
    if (tab === 'spectrum' && this.spectrum === null)
      void context.ask(host.spectrum()).then((found) => {
        if (found === undefined || this.spectrum !== null) return;
        this.spectrum = found;
        this.draw();
      });
  }
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
