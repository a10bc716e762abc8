/** A checkpoint that runs: prefill, decoding, interventions, branches. */
import type { Checkpoint } from '../checkpoint/checkpoint.js';
import { shown } from '../checkpoint/failure.js';
import { FrankensteinError } from '../errors.js';
import { KvCache } from './cache.js';
import { ExpertPages } from './expertPages.js';
import { Embeddings, HeadPages } from './head.js';
import { planInterventions, whileDecoding } from './interventions.js';
import { type Intervention, type Capture, type GenerationState, type Prefilled, type PromptLayout } from './state.js';
import { lastRecurrent } from './mixers.js';
import { LayerPages } from './pages.js';
import { LanguageRunner, type PassResult } from './pass.js';
import { type Pass } from './passRequest.js';
import { type MemoryPlan, planMemory } from './plan.js';
import type { ProcessedPrompt } from './processor/processor.js';
import { ropePositions, type Rotation, writeAngles } from './rope.js';
import { type Provider, Sessions } from './sessions.js';
import { type LanguageSpec, type ModelSpec, readSpec } from './spec.js';
import { swapKeysAndValues } from './swap.js';
import { VisionTower } from './vision.js';

export interface ModelSettings {
  /** Bytes that the whole process may hold. Half of the machine's when left out. */
  memory?: number | undefined;
  /** Bytes that the largest batch will take, where that is known. */
  batch?: number | undefined;
  /** Threads inside one operator; all cores when left out. */
  threads?: number | undefined;
  provider?: Provider | undefined;
  /** Told when something is not as asked for, in a sentence: the provider cannot serve. */
  onNotice?: ((sentence: string) => void) | undefined;
}

export interface RunOptions {
  interventions?: readonly Intervention[] | undefined;
  capture?: Capture | undefined;
  signal?: AbortSignal | undefined;
  onLayer?: ((layer: number) => void) | undefined;
}

/**
 * A prompt that has been prefilled, to be run again with interventions that leave all layers below `from` as they were.
 */
export interface Branch {
  /** Must have kept the hidden states at `from`. */
  prefilled: Prefilled;
  row: number;
  from: number;
  interventions: readonly Omit<Intervention, 'rows'>[];
}

/**
 * Makes a checkpoint ready to run. Reads its headers' sizes and plans memory; weights come when they are needed.
 * @throws `unsupported` for a family that is not built here, `malformed`, `bad-request` when the budget is too small.
 */
export function openModel(checkpoint: Checkpoint, settings: ModelSettings = {}): Model {
  const spec = readSpec(checkpoint);
  spec.notices.forEach((sentence) => settings.onNotice?.(sentence));
  return new Model(
    checkpoint,
    spec,
    planMemory(checkpoint, spec, settings.memory, settings.threads, settings.batch),
    settings,
  );
}

export class Model {
  private readonly sessions: Sessions;
  private readonly pages: LayerPages;
  private readonly experts: ExpertPages;
  private readonly runner: LanguageRunner;
  private readonly embeddings: Embeddings;
  private readonly tower: VisionTower | undefined;
  private readonly stitchable = new Set<Checkpoint>();

  constructor(
    readonly checkpoint: Checkpoint,
    readonly spec: ModelSpec,
    readonly plan: MemoryPlan,
    settings: ModelSettings,
  ) {
    const { language, vision } = spec;
    const { format, activationBytes } = plan;
    this.sessions = new Sessions(
      { provider: settings.provider ?? 'cpu', threads: plan.threads, thrifty: plan.thrifty },
      settings.onNotice ?? (() => undefined),
    );
    const few = plan.few && this.sessions.serving === 'cpu';
    this.pages = new LayerPages(language, format, plan.residentLayers, few ? checkpoint : undefined);
    const head = new HeadPages(language, checkpoint, format, plan.headBlockRows, plan.keepHead, few);
    this.experts = new ExpertPages(language, format, plan.expertBytes);
    this.runner = new LanguageRunner(
      language,
      checkpoint,
      format,
      this.pages,
      head,
      this.sessions,
      activationBytes,
      this.experts,
    );
    this.embeddings = new Embeddings(language, checkpoint);
    this.tower =
      vision &&
      new VisionTower(vision, checkpoint, language.layer.hidden, format, this.sessions, {
        keep: plan.keepVision,
        activationBytes,
      });
  }

  /** Where graphs run now; cpu after a fallback. */
  get provider(): Provider {
    return this.sessions.serving;
  }

  /** Bytes of layer weights read from disk so far, experts included. */
  get bytesRead(): number {
    return this.pages.bytesRead + this.experts.bytesRead;
  }

  /** Bytes of experts read from disk so far. */
  get expertBytesRead(): number {
    return this.experts.bytesRead;
  }

  /**
   * Processes a batch of prompts of any lengths.
   * @throws `bad-request` when a prompt does not fit the model; `malformed`, `cancelled`, and as interventions say.
   */
  async prefill(prompts: readonly ProcessedPrompt[], options: RunOptions = {}): Promise<Prefilled> {
    const { language } = this.spec;
    const { hidden: width } = language.layer;
    const interventions = options.interventions ?? [];
    if (prompts.length === 0) throw new FrankensteinError('bad-request', 'There is no prompt to run.');
    prompts.forEach((prompt) => this.check(prompt));
    this.checkStitches(interventions);
    const encoded =
      (await this.tower?.encode(
        prompts.flatMap(({ images }) => images),
        options.signal,
      )) ?? [];

    const slots = Math.max(...prompts.map(({ inputIds }) => inputIds.length));
    const starts = Int32Array.from(prompts, ({ inputIds }) => slots - inputIds.length);
    const hidden = new Float32Array(prompts.length * slots * width);
    const layouts: PromptLayout[] = [];
    let image = 0;
    for (const [row, prompt] of prompts.entries()) {
      const own = encoded.slice(image, (image += prompt.images.length));
      const visual = this.visualTokens(prompt);
      const positions = ropePositions(
        prompt.inputIds.length,
        language.grids ? this.imagePositions(prompt, visual) : [],
      );
      const states = hidden.subarray((row * slots + starts[row]!) * width, (row + 1) * slots * width);
      await this.embeddings.write(prompt.inputIds, states);
      const features = concatenate(own.map((one) => one.features));
      visual.forEach((token, index) =>
        states.set(features.subarray(index * width, (index + 1) * width), token * width),
      );
      const levels = own[0]?.deepstack.length ?? 0;
      layouts.push({
        length: prompt.inputIds.length,
        visual,
        positions: positions.values,
        next: positions.next,
        deepstack: Array.from({ length: levels }, (_, level) => concatenate(own.map((one) => one.deepstack[level]!))),
      });
    }
    const cache = new KvCache(language, prompts.length, slots);
    const result = await this.runner.run({
      cache,
      slot: 0,
      tokens: slots,
      starts,
      hidden,
      ...this.angles(layouts, starts, 0, slots),
      plans: planInterventions(interventions, language, prompts.length),
      prompts: layouts,
      capture: options.capture,
      signal: options.signal,
      onLayer: options.onLayer,
    });
    cache.recurrent.seal();
    return {
      state: {
        cache,
        used: slots,
        starts,
        next: Int32Array.from(layouts, ({ next }) => next),
        interventions: whileDecoding(interventions),
      },
      prompts: layouts,
      slots,
      ...result,
    };
  }

  /**
   * Runs prompts again from where their interventions begin: layers below are taken from the prefill, and of a swap of
   * keys and values so are the tokens up to the images' end. A layer that carries a state runs all tokens again: the
   * prefill kept its state at the prompt's end alone. Branches of any depth share the batch.
   * @param branches in order of `from`.
   * @throws `bad-request` when they are not, or when a prefill kept no states at its branch's layer.
   */
  async branch(branches: readonly Branch[], options: Omit<RunOptions, 'interventions'> = {}): Promise<Prefilled> {
    const { language } = this.spec;
    const { hidden: width } = language.layer;
    if (branches.length === 0) throw new FrankensteinError('bad-request', 'There is no branch to run.');
    if (branches.some(({ from }, index) => index > 0 && from < branches[index - 1]!.from))
      throw new FrankensteinError('bad-request', 'Branches must be given in the order of their layers.');
    const interventions = branches.flatMap(({ interventions: own, from }, row) =>
      own.map((intervention) => {
        if (intervention.at < from)
          throw new FrankensteinError(
            'bad-request',
            `A branch from layer ${from} cannot intervene at layer ${intervention.at}, which it does not run.`,
          );
        return { ...intervention, rows: [row] };
      }),
    );
    this.checkStitches(interventions);
    const prompts = branches.map(({ prefilled, row }) => prefilled.prompts[row]!);
    const slots = Math.max(...prompts.map(({ length }) => length));
    const starts = Int32Array.from(prompts, ({ length }) => slots - length);
    const tokens = Math.max(
      ...branches.map((branch, row) => prompts[row]!.length - firstToken(branch, prompts[row]!, language)),
    );
    const slot = slots - tokens;
    const cache = new KvCache(language, branches.length, slots);
    const hidden = new Float32Array(branches.length * tokens * width);
    branches.forEach(({ prefilled, row, from }, index) => {
      const states = prefilled.hidden.get(from);
      if (states === undefined)
        throw new FrankensteinError(
          'bad-request',
          `The prefill kept no states at layer ${from}, where a branch begins.`,
        );
      const { length } = prompts[index]!;
      const begin = prefilled.state.starts[row]!;
      const source = prefilled.state.cache;
      language.mixers.forEach((mixer, layer) => {
        if (mixer === 'attention')
          cache.copyFrom(source, layer, { row, slot: begin }, { row: index, slot: starts[index]! }, length);
        else if (layer < from) cache.recurrent.copy(layer, source.recurrent.atPromptEnd(layer), row, index);
      });
      const taken = Math.min(tokens, length);
      const first = (row * prefilled.slots + begin + length - taken) * width;
      hidden.set(states.subarray(first, first + taken * width), ((index + 1) * tokens - taken) * width);
    });
    const plans = planInterventions(interventions, language, branches.length);
    const pass: Pass = {
      cache,
      slot,
      tokens,
      starts,
      hidden,
      ...this.angles(prompts, starts, slot, tokens),
      from: Int32Array.from(branches, ({ from }) => from),
      plans,
      prompts,
      capture: options.capture,
      signal: options.signal,
      onLayer: options.onLayer,
    };
    // Images before the tokens of this pass: their swapped keys and values are known already.
    plans.forEach((plan, layer) =>
      swapKeysAndValues(plan, layer, pass, { row: 0, rows: branches.length, token: -slot, tokens: slot }),
    );
    const result = await this.runner.run(pass);
    cache.recurrent.seal();
    return {
      state: {
        cache,
        used: slots,
        starts,
        next: Int32Array.from(prompts, ({ next }) => next),
        interventions: whileDecoding(interventions),
      },
      prompts,
      slots,
      ...result,
    };
  }

  /**
   * Appends one token to every row and gives the logits of the next. The state moves on.
   * @throws `cancelled`, `malformed`
   */
  async decode(
    state: GenerationState,
    tokens: Int32Array,
    options: Omit<RunOptions, 'interventions'> = {},
  ): Promise<PassResult> {
    const { language } = this.spec;
    const { hidden: width } = language.layer;
    const { rows } = state.cache;
    state.cache.reserve(state.used + 1);
    const hidden = new Float32Array(rows * width);
    await this.embeddings.write(tokens, hidden);
    const angles = (rotation: Rotation) => {
      const pairs = rotation.inverseFrequencies.length;
      const [cos, sin] = [new Float32Array(rows * pairs), new Float32Array(rows * pairs)];
      for (let row = 0; row < rows; row++) {
        const at = state.next[row]!;
        writeAngles(cos, sin, row * pairs, [at, at, at], rotation, language.axes);
      }
      return { cos, sin };
    };
    const result = await this.runner.run({
      cache: state.cache,
      slot: state.used,
      tokens: 1,
      starts: state.starts,
      hidden,
      ...angles(language.rotation),
      sliding: language.slidingRotation && angles(language.slidingRotation),
      plans: planInterventions(state.interventions, language, rows),
      capture: options.capture,
      signal: options.signal,
      onLayer: options.onLayer,
    });
    state.used += 1;
    for (let row = 0; row < rows; row++) state.next[row] = state.next[row]! + 1;
    return result;
  }

  /** A new state with only these rows; the given state is unchanged. */
  narrow(state: GenerationState, rows: readonly number[]): GenerationState {
    return {
      cache: state.cache.keep(rows),
      used: state.used,
      starts: Int32Array.from(rows, (row) => state.starts[row]!),
      next: Int32Array.from(rows, (row) => state.next[row]!),
      interventions: whileDecoding(state.interventions, rows),
    };
  }

  async close(): Promise<void> {
    this.pages.clear();
    this.experts.clear();
    await this.sessions.close();
  }

  private angles(
    prompts: readonly PromptLayout[],
    starts: Int32Array,
    slot: number,
    tokens: number,
  ): Pick<Pass, 'cos' | 'sin' | 'sliding'> {
    const { rotation, slidingRotation, axes } = this.spec.language;
    const of = (turned: Rotation) => {
      const pairs = turned.inverseFrequencies.length;
      const size = prompts.length * tokens * pairs;
      const [cos, sin] = [new Float32Array(size), new Float32Array(size)];
      prompts.forEach(({ length, positions }, row) => {
        for (let location = Math.max(0, starts[row]! - slot); location < tokens; location++) {
          const token = slot + location - starts[row]!;
          writeAngles(
            cos,
            sin,
            (row * tokens + location) * pairs,
            [positions[token]!, positions[length + token]!, positions[2 * length + token]!],
            turned,
            axes,
          );
        }
      });
      return { cos, sin };
    };
    return { ...of(rotation), sliding: slidingRotation && of(slidingRotation) };
  }

  private visualTokens({ inputIds, imageToken = this.spec.imageToken }: ProcessedPrompt): Int32Array {
    const { vision } = this.spec;
    if (vision === undefined) return new Int32Array(0);
    return Int32Array.from(inputIds.keys()).filter((token) => inputIds[token] === imageToken);
  }

  /** Where each image begins, and its grid after merging. */
  private imagePositions(
    { images }: ProcessedPrompt,
    visual: Int32Array,
  ): { start: number; grid: [number, number, number] }[] {
    const merge = this.spec.vision?.merge ?? 1;
    let done = 0;
    return images.map(({ grid: [times, rows, columns] }) => {
      const grid: [number, number, number] = [times, rows / merge, columns / merge];
      const start = visual[done]!;
      done += grid[0] * grid[1] * grid[2];
      return { start, grid };
    });
  }

  private check(prompt: ProcessedPrompt): void {
    const { language, vision, family } = this.spec;
    const { inputIds, images } = prompt;
    if (inputIds.length === 0) throw new FrankensteinError('bad-request', 'A prompt has no token.');
    const { context } = language;
    if (context !== undefined && inputIds.length > context) {
      throw new FrankensteinError(
        'bad-request',
        `A prompt of ${inputIds.length} tokens is longer than the ${context} that ` +
          `${shown(this.checkpoint.path)} allows.`,
      );
    }
    const stranger = inputIds.find((id) => id < 0 || id >= language.vocabulary);
    if (stranger !== undefined)
      throw new FrankensteinError(
        'bad-request',
        `The token id ${stranger} is not in the vocabulary of ${language.vocabulary}; ` +
          `the tokenizer is not this model's.`,
      );
    if (images.length > 0 && vision === undefined)
      throw new FrankensteinError('bad-request', `${family.name} takes no images.`);
    const expected = images.reduce(
      (sum, { grid: [times, rows, columns] }) => sum + (times * rows * columns) / vision!.merge ** 2,
      0,
    );
    const visual = this.visualTokens(prompt).length;
    if (visual !== expected)
      throw new FrankensteinError(
        'bad-request',
        `The prompt has ${visual} image tokens, but its ${images.length} images make ${expected} features; ` +
          `the processor's files are not this model's.`,
      );
    for (const { grid, pixelValues } of images) {
      const patches = grid[0] * grid[1] * grid[2];
      if (
        pixelValues.length !== patches * vision!.patchValues ||
        grid[1] % vision!.merge !== 0 ||
        grid[2] % vision!.merge !== 0 ||
        [grid[1], grid[2]].some((count) => vision!.square && count !== vision!.square.side)
      ) {
        throw new FrankensteinError(
          'bad-request',
          `An image of ${grid.join(' × ')} patches comes with ${pixelValues.length} values, ` +
            `but this model takes ${vision!.patchValues} per patch` +
            `${vision!.square ? `, and ${vision!.square.side} × ${vision!.square.side} patches` : ''}.`,
        );
      }
    }
  }

  private checkStitches(interventions: readonly Intervention[]): void {
    for (const { what } of interventions) {
      if (what.kind !== 'stitch' || this.stitchable.has(what.checkpoint)) continue;
      const other = readSpec(what.checkpoint).language;
      const { language } = this.spec;
      if (
        JSON.stringify([other.layer, other.mixers, other.mlps]) !==
        JSON.stringify([language.layer, language.mixers, language.mlps])
      ) {
        throw new FrankensteinError(
          'mismatch',
          `Layers of ${shown(what.checkpoint.path)} do not fit ${shown(this.checkpoint.path)}: ` +
            'the two models have other sizes.',
        );
      }
      this.stitchable.add(what.checkpoint);
    }
  }
}

/** First token of the prompt that the branch has to run. */
function firstToken(
  { interventions, from }: Branch,
  { visual, length }: PromptLayout,
  { mixers }: LanguageSpec,
): number {
  const carrying = lastRecurrent(mixers);
  if (from <= carrying) return 0;
  const ofOne = ({ what }: Omit<Intervention, 'rows'>): number => {
    if (what.kind === 'swap') return what.mode === 'from' && carrying < 0 ? endOfRun(visual) : (visual[0] ?? 0);
    return what.kind === 'noise' && what.tokens === 'visual' ? (visual[0] ?? length - 1) : 0;
  };
  // The last token always runs: its logits are what is asked for.
  return Math.min(length - 1, ...interventions.map(ofOne));
}

/** The token after the first stretch of visual tokens. */
function endOfRun(visual: Int32Array): number {
  let index = 1;
  while (index < visual.length && visual[index] === visual[index - 1]! + 1) index++;
  return (visual[index - 1] ?? -1) + 1;
}

function concatenate(parts: readonly Float32Array[]): Float32Array {
  if (parts.length === 1) return parts[0]!;
  const whole = new Float32Array(parts.reduce((sum, { length }) => sum + length, 0));
  let offset = 0;
  for (const part of parts) {
    whole.set(part, offset);
    offset += part.length;
  }
  return whole;
}
