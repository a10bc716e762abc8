/**
 * The panel: a function of `PanelState` plus calls to a `HostApi`. It runs wherever there is a DOM and somebody who
 * answers those calls: in a VS Code webview (main.ts) or in a plain page (playground).
 */
import type {
  GeometryState,
  HostApi,
  PanelApi,
  PanelMemory,
  PanelRequest,
  PanelState,
} from '../src/protocol/hostApi.js';
import { createCompareView, type CompareView } from './compareView.js';
import type { PanelContext } from './context.js';
import { h, replace, setText, toggle } from './dom.js';
import { createGeometryTab, type GeometryTab } from './geometry/geometryView.js';
import { parseGeometryView, type GeometryView } from './geometry/view.js';
import { icon } from './icons.js';
import { button } from './kit.js';
import { createProbeView, type ProbesView } from './probe/probeView.js';
import { parseProbeView } from './probe/view.js';
import { runningState, emptyState, failedState, type RunningView } from './states.js';
import { createStore } from './state/store.js';
import { parseView } from './state/view.js';
import { tabs } from './tabs.js';
import { watchTheme } from './theme.js';
import { createTooltip } from './tooltip.js';
import { createTransferView, type EvaluationView } from './transfer/transferView.js';
import { parseTransferView } from './transfer/view.js';
import { createTryView, type TryView } from './try/tryView.js';

export interface PanelOptions {
  root: HTMLElement;
  host: HostApi;
  memory: PanelMemory | null;
  /** Called when there is something new to remember across a reload. */
  remember: (memory: PanelMemory) => void;
}

/** Builds the panel and serves `PanelApi`. It stays blank until `start` has asked the host what to show. */
export function createPanel(options: PanelOptions): PanelApi & { start(): Promise<void> } {
  const { root, host, memory, remember } = options;
  const live = h('div', { class: 'visually-hidden', role: 'status', 'aria-live': 'polite', 'data-testid': 'live' });
  const messages = h('div', { class: 'messages' });
  const content = h('div', { class: 'panel', 'data-testid': 'panel' });
  const geometryPart = h('div', { class: 'panel', 'data-testid': 'geometry-panel' });
  const lineageTabs = tabs<GeometryView['tab']>({
    label: 'Views of the lineage',
    choices: [
      { value: 'comparison', label: 'Comparison' },
      { value: 'geometry', label: 'Spectrum' },
    ],
    onChange: (tab) => geometryView.set({ tab }),
  });
  lineageTabs.element.classList.add('panel-tabs');
  lineageTabs.element.hidden = true;
  replace(root, messages, h('main', {}, lineageTabs.element, content, geometryPart), live);

  const view = createStore(parseView(memory?.view));
  const probeView = createStore(parseProbeView(memory?.view['probe']));
  const transferView = createStore(parseTransferView(memory?.view['transfer']));
  const geometryView = createStore(parseGeometryView(memory?.view['geometry']));
  let request: PanelRequest | null = memory?.request ?? null;
  let pending: ReturnType<typeof setTimeout> | undefined;
  const keep = () => {
    clearTimeout(pending);
    // Typing in the search box should not write the state on every key.
    pending = setTimeout(
      () =>
        remember({
          request,
          view: {
            ...view.get(),
            probe: { ...probeView.get() },
            geometry: { ...geometryView.get() },
            transfer: { ...transferView.get() },
          },
        }),
      150,
    );
  };
  view.subscribe(keep);
  probeView.subscribe(keep);
  geometryView.subscribe(keep);
  transferView.subscribe(keep);

  const context: PanelContext = {
    host,
    view,
    theme: watchTheme(root),
    tooltip: createTooltip(root),
    announce(text) {
      // The same words twice would not be read again without a change in between.
      live.textContent = live.textContent === text ? `${text}\u00a0` : text;
    },
    async ask(call) {
      try {
        return await call;
      } catch (error) {
        showError(error instanceof Error ? error.message : String(error));
        return undefined;
      }
    },
  };

  function showError(text: string): void {
    const message = h(
      'div',
      { class: 'message error', role: 'alert', 'data-testid': 'message' },
      icon('error'),
      h('p', {}, text),
    );
    message.append(button({ kind: 'icon', icon: 'close', label: 'Dismiss', onClick: () => message.remove() }));
    messages.append(message);
    while (messages.childElementCount > 3) messages.firstElementChild?.remove();
  }

  let compare: CompareView | null = null;
  let probes: ProbesView | null = null;
  let evaluation: EvaluationView | null = null;
  let trial: TryView | null = null;
  let running: RunningView | null = null;
  let runningTitle = '';
  /** The panel is a lineage's: it has tabs. */
  let lineage = false;
  let geometry: GeometryTab | null = null;
  let geometryState: GeometryState | null = null;

  function showTabs(): void {
    const { tab } = geometryView.get();
    const front = lineage && tab === 'geometry';
    lineageTabs.element.hidden = !lineage;
    lineageTabs.set(tab);
    for (const [part, value] of [
      [content, 'comparison'],
      [geometryPart, 'geometry'],
    ] as const) {
      toggle(part, 'id', lineage, `tabpanel-${value}`);
      toggle(part, 'role', lineage, 'tabpanel');
      toggle(part, 'aria-labelledby', lineage, `tab-${value}`);
    }
    content.hidden = front;
    geometryPart.hidden = !front;
    context.tooltip.hide();
    if (!front) return;
    if (geometry === null) {
      geometry = createGeometryTab(context, geometryView);
      replace(geometryPart, geometry.element);
      if (geometryState === null) {
        void context.ask(host.geometry()).then((state) => {
          if (state === undefined || geometryState !== null) return;
          geometryState = state;
          geometry?.show(state);
        });
      } else geometry.show(geometryState);
    }
  }
  geometryView.subscribe((now, before) => {
    if (now.tab === before.tab) return;
    showTabs();
    tellTab();
  });

  /** The buttons of the editor's title follow the tab. */
  function tellTab(): void {
    if (lineage) void host.tabShown({ tab: geometryView.get().tab }).catch(() => undefined);
  }

  function showState(state: PanelState): void {
    // What a run said of its progress is over with the run.
    if (content.dataset['state'] === 'running' && state.kind !== 'running') live.textContent = '';
    content.dataset['state'] = state.kind;
    const ofLineage =
      state.kind === 'compare' ||
      (request?.kind === 'compare' && (state.kind === 'running' || state.kind === 'failed'));
    if (ofLineage !== lineage) {
      lineage = ofLineage;
      showTabs();
      tellTab();
    }
    if (state.kind !== 'compare') {
      compare?.dispose();
      compare = null;
      context.tooltip.hide();
    }
    if (state.kind !== 'probe') {
      probes?.dispose();
      probes = null;
    }
    if (state.kind !== 'evaluation') {
      evaluation?.dispose();
      evaluation = null;
    }
    if (state.kind !== 'try') {
      trial?.dispose();
      trial = null;
    }
    if (state.kind === 'running' && running !== null && runningTitle === state.title) {
      running.progress(state.progress);
      return;
    }
    running = null;
    switch (state.kind) {
      case 'empty':
        replace(content, emptyState());
        break;
      case 'running':
        running = runningState(context, state);
        runningTitle = state.title;
        replace(content, running.element);
        break;
      case 'failed':
        replace(content, failedState(context, state));
        break;
      case 'compare':
        if (compare === null) {
          compare = createCompareView(context);
          // In the page before it draws: canvases take their size from it.
          replace(content, compare.element);
        }
        compare.show(state.title, state.result);
        break;
      case 'probe':
        if (probes === null) {
          probes = createProbeView(context, probeView);
          replace(content, probes.element);
        }
        probes.show(state.title, state.results);
        break;
      case 'evaluation':
        if (evaluation === null) {
          evaluation = createTransferView(context, transferView);
          replace(content, evaluation.element);
        }
        evaluation.show(state.title, state.result);
        break;
      case 'analysis':
        replace(content, h('pre', { class: 'report' }, state.report));
        break;
      case 'try':
        if (trial === null) {
          trial = createTryView(context);
          replace(content, trial.element);
        }
        trial.show(state.title, state.trial);
        break;
    }
    setText(
      document.head.querySelector('title') ?? document.head.appendChild(h('title')),
      'title' in state ? state.title : 'Frankenstein',
    );
  }

  return {
    async start() {
      try {
        showState(await host.ready({ memory }));
      } catch (error) {
        showError(error instanceof Error ? error.message : String(error));
      }
    },
    show({ state, request: next }) {
      request = next;
      showState(state);
      keep();
      return Promise.resolve();
    },
    progress({ progress }) {
      running?.progress(progress);
      return Promise.resolve();
    },
    geometry({ state, front }) {
      geometryState = state;
      geometry?.show(state);
      if (front) geometryView.set({ tab: 'geometry' });
      return Promise.resolve();
    },
    answer(request) {
      trial?.answer(request);
      return Promise.resolve();
    },
    focus({ depth, tensor }) {
      geometryView.set({ tab: 'comparison' });
      compare?.focus(depth, tensor);
      // A probe has language layers only, and counts them from 0.
      probes?.focus(depth === null ? null : depth - 1);
      return Promise.resolve();
    },
  };
}
