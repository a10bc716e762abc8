/** The panel in a plain page, with a made-up host: `?data=lineage|text|experts|four&state=…`. */
import { sweepOf, transferOf } from './evaluations.js';
import type { CompareResult, ProbeResult, SpectrumMode, SpectrumResult } from '../../src/protocol/engineApi.js';
import type { SpectrumState, HostApi, PanelMemory, PanelState, Trial } from '../../src/protocol/hostApi.js';
import { registerKit } from '../kit.js';
import '../panel.css';
import { createPanel } from '../panel.js';
import { detailOf, experts, fourStages, lineage, textOnly } from './data.js';
import { attentionOnly, attentionWithGaps, lineageProbes, oneSwap, routingOnly, smallProbes } from './probes.js';
import { frozenReport, verified } from './frozen.js';
import { fullOf, spectraOf } from './spectra.js';
import { trajectoryOf } from './trajectories.js';
import { completionsAt, trainings } from './trainings.js';

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

const probes: Record<string, { title: string; make(): ProbeResult[] }> = {
  lineage: { title: 'Probes of Base, IN, RL', make: lineageProbes },
  one: { title: 'Probes of RL', make: oneSwap },
  small: { title: 'Probes of rl', make: smallProbes },
  attention: { title: 'Attention, IN and RL', make: attentionOnly },
  routing: { title: 'Expert routing, IN and RL', make: routingOnly },
  gaps: { title: 'Attention of every fourth layer, IN and RL', make: attentionWithGaps },
};
const probed = probes[query.get('data') ?? 'lineage'] ?? probes['lineage']!;

const trial: Trial = {
  labels: query.get('data') === 'one' ? ['RL'] : ['IN', 'RL'],
  exchanges: [],
};
const tryState = (): PanelState => ({
  kind: 'try',
  title: `Try ${trial.labels.join(' and ')}`,
  trial: structuredClone(trial),
});
let asking = 0;

/** An image of coloured shapes, as the sample sets have. */
async function drawn(seed: number): Promise<{ type: string; bytes: ArrayBuffer }> {
  const canvas = new OffscreenCanvas(112, 112);
  const ctx = canvas.getContext('2d')!;
  ctx.fillStyle = ['#bbbbbb', '#e8dcc0', '#cfe3ee'][seed % 3]!;
  ctx.fillRect(0, 0, 112, 112);
  for (let at = 0; at < 2 + (seed % 4); at++) {
    ctx.fillStyle = ['#d22', '#22c', '#2a2', '#82a'][(seed + at) % 4]!;
    ctx.beginPath();
    ctx.arc(18 + 25 * ((seed * 3 + at) % 4), 18 + 25 * at, 9, 0, 7);
    ctx.fill();
  }
  return { type: 'image/png', bytes: await (await canvas.convertToBlob()).arrayBuffer() };
}

const states: Record<string, () => PanelState> = {
  compare: compareState,
  probe: () => ({ kind: 'probe', title: probed.title, results: probed.make() }),
  try: tryState,
  transfer: () => ({ kind: 'evaluation', title: 'Transferability of in and rl', result: transferOf() }),
  trajectory: () => ({
    kind: 'trajectory',
    title: 'Trajectory: outputs',
    result: trajectoryOf((result ??= set.make())),
    following: false,
    busy: false,
  }),
  sweep: () => ({ kind: 'evaluation', title: 'Sweep of the cut', result: sweepOf() }),
  training: () => ({
    kind: 'training',
    title: 'Training · exp',
    folders: ['/exp'],
    reading: trainings(),
    problem: null,
  }),
  report: () => ({ kind: 'freezeReport', title: 'Necessary? · freeze', report: frozenReport(), waiting: ['each-11'] }),
  verification: () => ({ kind: 'verification', title: 'Frozen? · freeze', result: verified() }),
  probing: () => ({
    kind: 'running',
    title: 'Probes of Base, IN, RL',
    labels: ['Base', 'IN', 'RL'],
    progress: { phase: 'RL, ocr.jsonl: answering', done: 1240, total: 5600, remainingSeconds: 320 },
  }),
  empty: () => ({ kind: 'empty' }),
  running: () => ({
    kind: 'running',
    title: 'Comparing base → in → rl',
    labels: ['base', 'in', 'rl'],
    progress: {
      phase: 'Comparing in → rl',
      doneBytes: 21_400_000_000,
      totalBytes: 49_800_000_000,
      remainingSeconds: 34,
      tensor: 'model.language_model.layers.11.mlp.up_proj.weight',
    },
  }),
  failed: () => ({
    kind: 'failed',
    title: 'Comparing base → in',
    message:
      'model-00002-of-00005.safetensors is truncated: the header promises 4,932,307,584 bytes of ' +
      'data, the file has 3,221,225,472. Download it again.',
    code: 'malformed',
    canRetry: true,
  }),
};
const start = states[query.get('state') ?? 'compare'] ?? compareState;

let shownSpectrum: SpectrumResult | null = null;
const spectrumState = (mode: SpectrumMode): SpectrumState => ({
  kind: 'result',
  title: set.title,
  result: (shownSpectrum = spectraOf((result ??= set.make()), mode, { broken: query.has('broken') })),
});
const spectrumRunning: Extract<SpectrumState, { kind: 'running' }> = {
  kind: 'running',
  title: set.title,
  labels: set.title.split(' → '),
  progress: {
    phase: 'Singular values of in → rl',
    doneBytes: 11_000_000_000,
    totalBytes: 49_800_000_000,
    doneMatrices: 121,
    totalMatrices: 458,
    remainingSeconds: 214,
    tensor: 'model.language_model.layers.11.mlp.up_proj.weight',
  },
};
const spectrumStates: Record<string, () => SpectrumState> = {
  offer: () => ({ kind: 'offer', choice: { mode: null, filter: '' }, interrupted: null }),
  interrupted: () => ({ kind: 'offer', choice: { mode: 'fast', filter: 'mlp' }, interrupted: 0.43 }),
  running: () => spectrumRunning,
  failed: () => ({
    kind: 'failed',
    choice: { mode: 'exact', filter: '' },
    message:
      'The engine ended unexpectedly (signal SIGKILL); perhaps there was not enough memory. What was ' +
      'computed so far is kept.',
    code: 'engine',
  }),
  exact: () => spectrumState('exact'),
  fast: () => spectrumState('fast'),
};
const spectrumStart = spectrumStates[query.get('spectrum') ?? 'offer'] ?? spectrumStates['offer']!;
let computing = 0;

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
    if (query.get('state') === 'try') {
      asking++;
      for (const answer of trial.exchanges.at(-1)?.answers ?? [])
        if (answer.state !== 'done') answer.state = 'cancelled';
      return panel.show({ state: tryState(), request: null });
    }
    return panel.show({
      state: {
        kind: 'failed',
        title: 'Comparing base → in → rl',
        message: 'Cancelled.',
        code: 'cancelled',
        canRetry: true,
      },
      request: null,
    });
  },
  retry() {
    log('retry');
    return panel.show({ state: compareState(), request: null });
  },
  skipBadLines() {
    return this.retry();
  },
  async setCuts(request) {
    log('setCuts', request);
    await wait(60);
  },
  async tensorDetail(request) {
    log('tensorDetail', request);
    await wait(query.has('slow') ? 100_000 : 120);
    const tensor = result?.tensors.find((one) => one.name === request.name);
    if (tensor === undefined) throw new Error(`There is no tensor ${request.name}.`);
    return detailOf(tensor, request.from);
  },
  spectrum() {
    log('spectrum');
    return Promise.resolve(spectrumStart());
  },
  async planSpectrum(request) {
    log('planSpectrum', request);
    await wait(20);
    if (request.filter.includes('('))
      throw new Error(`The filter "${request.filter}" is no regular expression: Unterminated group.`);
    const exact = request.mode === 'exact';
    return {
      mode: request.mode ?? 'fast',
      matrices: request.filter === '' ? 458 : 84,
      bytes: 49_800_000_000,
      operations: exact ? 9e15 : 2e13,
      seconds: exact ? 4300 : 128,
      memory: 1_900_000_000,
      threads: 8,
    };
  },
  async computeSpectrum(request) {
    log('computeSpectrum', request);
    const own = ++computing;
    await panel.spectrum({ state: { ...spectrumRunning, progress: null }, front: false });
    await panel.spectrum({ state: spectrumRunning, front: false });
    await wait(query.has('slow') ? 4000 : 60);
    if (own === computing) await panel.spectrum({ state: spectrumState(request.mode ?? 'fast'), front: false });
  },
  async cancelSpectrum() {
    log('cancelSpectrum');
    computing++;
    await panel.spectrum({
      state: {
        kind: 'failed',
        choice: { mode: 'fast', filter: '' },
        message: 'Cancelled. The matrices done so far are kept, and the next start continues from there.',
        code: 'cancelled',
      },
      front: false,
    });
  },
  async leaveSpectrum() {
    log('leaveSpectrum');
    await panel.spectrum({
      state: { kind: 'offer', choice: { mode: 'fast', filter: '' }, interrupted: null },
      front: false,
    });
  },
  async refineSpectrum(request) {
    log('refineSpectrum', request);
    await wait(40);
    const old = shownSpectrum ?? spectraOf((result ??= set.make()), 'fast');
    const exact = spectraOf((result ??= set.make()), 'exact');
    shownSpectrum = {
      ...old,
      tensors: old.tensors.map((tensor, at) =>
        (tensor.part === null ? tensor.name : `${tensor.name}#${tensor.part}`) === request.key
          ? exact.tensors[at]!
          : tensor,
      ),
    };
    await panel.spectrum({ state: { kind: 'result', title: set.title, result: shownSpectrum }, front: false });
  },
  async fullSpectrum(request) {
    log('fullSpectrum', request);
    await wait(30);
    if (/layers\.7\.mlp\.gate/.test(request.name)) throw new Error('The run that has it is no longer on disk.');
    return fullOf(request.name, request.part, request.from);
  },
  act(request) {
    log('act', request);
    return Promise.resolve();
  },
  tabShown(request) {
    log('tabShown', request);
    return Promise.resolve();
  },
  openFileDiff(request) {
    log('openFileDiff', request);
    return Promise.reject(new Error('The playground has no diff editor.'));
  },
  revealTensor(request) {
    log('revealTensor', request);
    return Promise.resolve();
  },
  async sampleImage(request) {
    log('image', request);
    await wait(40);
    if (/-013$/.test(request.sample)) throw new Error('images/gone.png is not there any more.');
    return drawn(
      request.sample.length + Number(/\d+$/.exec(request.sample)?.[0] ?? 0) + (request.which === 'source' ? 2 : 0),
    );
  },
  chooseImage() {
    log('chooseImage');
    return Promise.resolve({ id: 7, name: 'scene.png' });
  },
  chosenImage(request) {
    log('chosenImage', request);
    return drawn(request.id);
  },
  async ask(request) {
    log('ask', request);
    const own = ++asking;
    trial.exchanges.push({
      id: own,
      prompt: request.prompt,
      image: request.image === null ? null : { id: request.image, name: 'scene.png' },
      answers: trial.labels.map(() => ({
        state: 'waiting',
        text: '',
        message: null,
        tokens: null,
        seconds: null,
        notices: [],
      })),
    });
    await panel.show({ state: tryState(), request: null });
    for (const [at, label] of trial.labels.entries()) {
      const answer = trial.exchanges.at(-1)!.answers[at]!;
      answer.state = 'running';
      await panel.show({ state: tryState(), request: null });
      for (const word of ['There ', 'are ', 'two ', 'red ', 'objects, ', 'says ', `${label}.`]) {
        if (asking !== own) return;
        answer.text += word;
        await panel.answer({ exchange: own, checkpoint: at, text: answer.text });
        await wait(query.has('slow') ? 400 : 25);
      }
      if (asking !== own) return;
      if (/fail/.test(request.prompt))
        Object.assign(answer, {
          state: 'failed',
          message: 'The prompt has 40,000 tokens; this model reads 32,768. Shorten it.',
        });
      else Object.assign(answer, { state: 'done', tokens: 7, seconds: 0.4 });
      await panel.show({ state: tryState(), request: null });
    }
  },
  async followSteps({ on }) {
    log('followSteps', { on });
    const shown = states['trajectory']!() as Extract<PanelState, { kind: 'trajectory' }>;
    await panel.show({ state: { ...shown, following: on }, request: null });
  },
  async trainingCompletions(request) {
    log('trainingCompletions', request);
    await wait(20);
    return completionsAt(request.run, request.step);
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
