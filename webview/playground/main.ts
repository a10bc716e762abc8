/** The panel in a plain page, with a made-up host: `?data=lineage|text|experts|four&state=…`. */
import type { CompareResult } from '../../src/protocol/engineApi.js';
import type { HostApi, PanelMemory, PanelState } from '../../src/protocol/hostApi.js';
import { registerKit } from '../kit.js';
import '../panel.css';
import { createPanel } from '../panel.js';
import { detailOf, experts, fourStages, lineage, textOnly } from './data.js';

registerKit();
const query = new URLSearchParams(location.search);
const sets: Record<string, { title: string; make(): CompareResult }> = {
  lineage: { title: 'base → in → rl', make: lineage },
  text: { title: 'Qwen2.5-1.5B → Instruct', make: textOnly },
  experts: { title: 'sft → rl', make: experts },
  four: { title: 'base → sft → in → rl', make: fourStages },
};
const set = sets[query.get('data') ?? 'lineage'] ?? sets['lineage']!;
let result: CompareResult | null = null;
const compareState = (): PanelState => ({ kind: 'compare', title: set.title, result: (result ??= set.make()) });

const states: Record<string, () => PanelState> = {
  compare: compareState,
  empty: () => ({ kind: 'empty' }),
  running: () => ({
    kind: 'running',
    title: 'Comparing base → in → rl',
    labels: ['base', 'in', 'rl'],
    progress: { phase: 'Comparing in → rl', doneBytes: 21_400_000_000, totalBytes: 49_800_000_000, remainingSeconds: 34, tensor: 'model.language_model.layers.11.mlp.up_proj.weight' },
  }),
  failed: () => ({
    kind: 'failed',
    title: 'Comparing base → in',
    message: 'model-00002-of-00005.safetensors is truncated: the header promises 4,932,307,584 bytes of data, the file has 3,221,225,472. Download it again.',
    code: 'malformed',
    canRetry: true,
  }),
};
const start = states[query.get('state') ?? 'compare'] ?? compareState;

/** What the panel asked of the host, for tests that run in this page. */
const calls: { method: string; request: unknown }[] = [];
const log = (method: string, request?: unknown) => {
  calls.push({ method, request });
};
const wait = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

const host: HostApi = {
  ready(request) {
    log('ready', request);
    return Promise.resolve(start());
  },
  cancel() {
    log('cancel');
    return panel.show({ state: { kind: 'failed', title: 'Comparing base → in → rl', message: 'Cancelled.', code: 'cancelled', canRetry: true }, request: null });
  },
  retry() {
    log('retry');
    return panel.show({ state: compareState(), request: null });
  },
  async setCuts(request) {
    log('setCuts', request);
    await wait(60);
    if (result !== null) result = { ...result, cuts: request.cuts, regions: result.regions.map((one, index) => ({ ...one, first: [0, ...request.cuts][index]!, last: [...request.cuts, 28][index]! - 1 })) };
    await panel.show({ state: compareState(), request: null });
  },
  async tensorDetail(request) {
    log('tensorDetail', request);
    await wait(query.has('slow') ? 100_000 : 120);
    const tensor = result?.tensors.find((one) => one.name === request.name);
    if (tensor === undefined) throw new Error(`There is no tensor ${request.name}.`);
    return detailOf(tensor, request.from);
  },
  openFileDiff(request) {
    log('openFileDiff', request);
    return Promise.reject(new Error('The playground has no diff editor.'));
  },
  revealTensor(request) {
    log('revealTensor', request);
    return Promise.resolve();
  },
  save(request) {
    log('save', request);
    return Promise.resolve(true);
  },
  copy(request) {
    log('copy', request);
    return Promise.resolve();
  },
};

const kept = sessionStorage.getItem('memory');
const panel = createPanel({
  root: document.getElementById('app')!,
  host,
  memory: kept === null ? null : (JSON.parse(kept) as PanelMemory),
  remember: (memory) => sessionStorage.setItem('memory', JSON.stringify(memory)),
});
Object.assign(globalThis, { playground: { panel, calls } });
void panel.start();
