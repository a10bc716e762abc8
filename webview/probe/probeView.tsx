/** What the probes found: Localization, Attention and Routing, each with its figures, their numbers and what is behind them. */
import { useLayoutEffect, useMemo, useRef } from 'preact/hooks';
import type { ProbeResult } from '../../src/protocol/engineApi.js';
import { usePanel } from '../context.js';
import { MenuButton } from '../exporters/menu.js';
import { Warnings } from '../folding.js';
import { ProtocolBlock } from '../overview/protocol.js';
import { plural } from '../format.js';
import type { SamplesHost } from '../host.js';
import { finishedText, versionsText } from '../overview/origin.js';
import { useImages } from '../samples/images.js';
import type { Store } from '../state/store.js';
import { Tabs } from '../tabs.js';
import { Attention } from './attention.js';
import { tabOf, visibleCurves } from './choice.js';
import { probeExports } from './exports.js';
import { Localization } from './localization.js';
import { fileName, indexProbes, type ProbeModel } from './model.js';
import { Routing } from './routing.js';
import type { ProbeView } from './view.js';

export interface ProbesProps {
  title: string;
  results: readonly ProbeResult[];
  view: ProbeView;
  store: Store<ProbeView>;
  host: SamplesHost;
}

export function Probes({ title, results, view, store, host }: ProbesProps) {
  const context = usePanel();
  const images = useImages();
  const model = useMemo(() => indexProbes(results), [results]);
  const exports = useMemo(() => probeExports(context, model, title, store.get), [model, title]);
  const firstTab = useRef(view.tab);
  const touched = useRef(false);
  touched.current ||= firstTab.current !== view.tab;
  // A choice that came from other results may name a curve that these do not have.
  useLayoutEffect(() => {
    const known = [...model.vision, ...model.reasoning].some(({ key }) => key === store.get().curve);
    if (store.get().curve !== null && !known) store.set({ curve: null, depth: null, sample: null });
  }, [model]);
  const tab = tabOf(model, view, touched.current);
  return (
    <div class="probe" data-testid="probe">
      <div class="top">
        <div class="title-row">
          <h1>{title}</h1>
          <MenuButton label="Export" testId="export" entries={exports} />
        </div>
        <Checkpoints model={model} />
      </div>
      <div class="overview">
        <Warnings id="probe-warnings" list={model.warnings} />
        {results.map((result) => (
          <ProtocolBlock key={result.provenance.runId} protocol={result.protocol} checkpoints={result.checkpoints} />
        ))}
      </div>
      <Tabs<ProbeView['tab']>
        label="Probes"
        choices={[
          { value: 'localization', label: 'Localization' },
          { value: 'attention', label: 'Attention' },
          ...(model.routing.length > 0 ? [{ value: 'routing' as const, label: 'Routing' }] : []),
        ]}
        value={tab}
        onChange={(value) => store.set({ tab: value })}
      />
      <div
        role="tabpanel"
        id="tabpanel-localization"
        aria-labelledby="tab-localization"
        data-testid="localization"
        hidden={tab !== 'localization'}
      >
        {tab === 'localization' ? <Localization {...{ host, images, store, view, model }} /> : null}
      </div>
      <div
        role="tabpanel"
        id="tabpanel-attention"
        aria-labelledby="tab-attention"
        data-testid="attention"
        hidden={tab !== 'attention'}
      >
        {tab === 'attention' ? <Attention {...{ host, images, store, view, model }} /> : null}
      </div>
      <div
        role="tabpanel"
        id="tabpanel-routing"
        aria-labelledby="tab-routing"
        data-testid="routing"
        hidden={tab !== 'routing'}
      >
        {tab === 'routing' ? <Routing {...{ host, images, store, view, model }} /> : null}
      </div>
      <div>
        <Provenance results={results} />
      </div>
    </div>
  );
}

/** Brings a layer (0-based) into view: the curve that is highest there. */
export function focusProbes(results: readonly ProbeResult[], store: Store<ProbeView>, depth: number | null): void {
  const valueAt = (curve: ReturnType<typeof visibleCurves>[number]) =>
    curve.points.find((point) => point.depth === depth)?.value ?? -1;
  const curves = visibleCurves(indexProbes(results), store.get()).filter((curve) => valueAt(curve) >= 0);
  if (depth === null || curves.length === 0) return;
  const peak = curves.reduce((best, one) => (valueAt(one) > valueAt(best) ? one : best));
  store.set({ tab: 'localization', depth, curve: peak.key });
}

function Checkpoints({ model }: { model: ProbeModel }) {
  return (
    <ol class="stages" aria-label="Checkpoints">
      {model.checkpoints.map(({ label, path, family, layers }, index) => (
        <li key={index} class="stage" title={path} data-testid={`checkpoint-${index}`}>
          <strong>{label}</strong>
          <span class="muted">{`${family} · ${plural(layers, 'layer')}`}</span>
        </li>
      ))}
    </ol>
  );
}

function Provenance({ results }: { results: readonly ProbeResult[] }) {
  const runs = results.map(({ provenance: from }) => from.runId);
  const first = results[0];
  const facts =
    first === undefined
      ? ''
      : ` · ${finishedText(first.provenance)} · at most ${first.maxNewTokens} new tokens · seed ` +
        `${first.seed} · cuts ${first.cuts.join(', ')} · ${versionsText(first.provenance)}`;
  const files = [...new Set(results.map(({ data }) => fileName(data)))].join(', ');
  const more = runs.length > 3 ? ` and ${runs.length - 3} more` : '';
  return (
    <footer class="provenance muted" data-testid="provenance" title={runs.join('\n')}>
      {`${runs.length === 1 ? 'Run' : 'Runs'} ${runs.slice(0, 3).join(', ')}${more} · ${files}${facts}`}
    </footer>
  );
}
