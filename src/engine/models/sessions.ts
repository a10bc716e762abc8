/** Sessions over the model's graphs: made when first needed, kept, all with the same threads and execution provider. */
import * as ort from 'onnxruntime-node';
import { FrankensteinError } from '../errors.js';
import type { Graph } from '../onnx/graph.js';
import type { Feeds } from './weights.js';

/** Where graphs run. Anything but `cpu` needs a runtime that has it. */
export const PROVIDERS = ['cpu', 'webgpu', 'cuda', 'coreml', 'dml'] as const;
export type Provider = (typeof PROVIDERS)[number];

export interface SessionSettings {
  provider: Provider;
  /** Threads inside one operator. */
  threads: number;
  /**
   * Give memory back after every run rather than keep it for the next: slower where runs are short, bounded where
   * memory is.
   */
  thrifty: boolean;
}

/** The part of a session that is used; `ort.InferenceSession` is one. */
export interface RunnableSession {
  run(feeds: Feeds, results: Feeds): Promise<unknown>;
  release(): Promise<void>;
}

type Create = (model: Uint8Array, options: ort.InferenceSession.SessionOptions) => Promise<RunnableSession>;

interface Made {
  provider: Provider;
  session: RunnableSession;
}

export class Sessions {
  private readonly made = new Map<string, Promise<Made>>();
  private provider: Provider;

  constructor(
    private readonly settings: SessionSettings,
    /** Told once, in a sentence, when the provider could not serve and cpu took over. */
    private readonly onFallback: (sentence: string) => void,
    private readonly createSession: Create = (model, options) => ort.InferenceSession.create(model, options),
  ) {
    this.provider = settings.provider;
    // The runtime would leave it out without a word.
    if (!ort.listSupportedBackends().some(({ name }) => name === this.provider))
      this.fallBack('this build of ONNX Runtime does not have it');
  }

  /** The provider that serves now. */
  get serving(): Provider {
    return this.provider;
  }

  /** Runs the graph called `key`, built by `build` the first time, into the tensors of `results`. */
  async run(key: string, build: () => Graph, feeds: Feeds, results: Feeds): Promise<void> {
    const { session, provider } = await this.session(key, build);
    try {
      await session.run(feeds, results);
    } catch (error) {
      if (provider === 'cpu') throw error;
      // Some providers find out that there is no device, or no room on it, when they are to work.
      this.fallBack(error);
      this.made.delete(key);
      await session.release();
      await (await this.session(key, build)).session.run(feeds, results);
    }
  }

  private session(key: string, build: () => Graph): Promise<Made> {
    let made = this.made.get(key);
    if (made === undefined) {
      made = this.create(build().encode());
      this.made.set(key, made);
    }
    return made;
  }

  private async create(model: Uint8Array): Promise<Made> {
    const { provider } = this;
    if (provider !== 'cpu') {
      try {
        return { provider, session: await this.createSession(model, this.options(provider)) };
      } catch (error) {
        this.fallBack(error);
      }
    }
    return { provider: 'cpu', session: await this.createSession(model, this.options('cpu')) };
  }

  /** @param why an error of the runtime, or a reason. */
  private fallBack(why: unknown): void {
    if (this.provider === 'cpu') return;
    this.onFallback(
      `The execution provider ${this.provider} cannot serve on this machine (${reasonOf(why)}); cpu is used instead.`,
    );
    this.provider = 'cpu';
  }

  private options(provider: Provider): ort.InferenceSession.SessionOptions {
    return {
      executionProviders: provider === 'cpu' ? ['cpu'] : [provider, 'cpu'],
      intraOpNumThreads: this.settings.threads,
      interOpNumThreads: 1,
      // Shapes change with every pass; a remembered pattern per shape would only grow.
      enableMemPattern: false,
      enableCpuMemArena: !this.settings.thrifty,
      extra: { session: { intra_op: { allow_spinning: '0' } } },
    };
  }

  async close(): Promise<void> {
    const sessions = await Promise.allSettled(this.made.values());
    this.made.clear();
    for (const session of sessions) if (session.status === 'fulfilled') await session.value.session.release();
  }
}

/** What the runtime said, without the place in its source that it begins with. */
function reasonOf(error: unknown): string {
  const [line] = (error instanceof Error ? error.message : String(error)).split('\n');
  return line!.replace(/^.* was false\. /, '').replace(/\.$/, '');
}

/** @throws `bad-request` for a name that is no provider. */
export function providerOf(name: string): Provider {
  const known = PROVIDERS.find((provider) => provider === name);
  if (known === undefined)
    throw new FrankensteinError(
      'bad-request',
      `There is no execution provider ${JSON.stringify(name)}; there are ${PROVIDERS.join(', ')}.`,
    );
  return known;
}
