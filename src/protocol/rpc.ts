/**
 * The one RPC helper: host ↔ engine process and host ↔ webview. An interface of async methods per direction, called
 * through a typed proxy. Messages are structured-clone data, so ArrayBuffers cross without JSON. An AbortSignal cannot
 * cross; it becomes a `cancel` message. Errors keep name, message and code.
 *
 * Either side may be created first: calls wait until the other side has said `ready`. Either side may also be created
 * again (a webview that was hidden and shown starts from nothing): its new greeting ends what belonged to the old one.
 */

/** A duplex channel that delivers structured-clone values in order. */
export interface Transport {
  send(message: unknown): void;
  /** Called once, by `connect`. */
  receive(listener: (message: unknown) => void): void;
}

export interface CallOptions<P> {
  signal?: AbortSignal | undefined;
  progress?: ((value: P) => void) | undefined;
}

/** An interface whose methods take one plain request and, on the serving side, a context. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any -- the mapped type below recovers the parameters
type Methods<T> = { [K in keyof T]: (request: any, context?: any) => Promise<unknown> };

/** The caller's view of `T`: the same methods. */
export type Remote<T> = { [K in keyof T]: T[K] };

type Message =
  | { rpc: 'ready'; answer: boolean }
  | { rpc: 'call'; id: number; method: string; request: unknown }
  | { rpc: 'cancel'; id: number }
  | { rpc: 'progress'; id: number; value: unknown }
  | { rpc: 'result'; id: number; value: unknown }
  | { rpc: 'error'; id: number; error: WireError };

interface WireError {
  name: string;
  message: string;
  code: string;
  stack: string | undefined;
}

/** An error from the other side, with its own name, message and code. */
export class RemoteError extends Error {
  readonly code: string;
  constructor(error: WireError) {
    super(error.message);
    this.name = error.name;
    this.code = error.code;
    if (error.stack !== undefined) this.stack = error.stack;
  }
}

interface Pending {
  resolve(value: unknown): void;
  reject(error: Error): void;
  progress: ((value: unknown) => void) | undefined;
}

export interface Connection<R> {
  remote: Remote<R>;
  /** Resolves when the other side has answered the handshake. */
  ready: Promise<void>;
  /** Rejects every call under way and all later ones; running local calls are cancelled. */
  close(error: Error): void;
}

/** Joins `local` (served here) and `R` (served over there) through `transport`. */
export function connect<L extends Methods<L>, R extends Methods<R>>(transport: Transport, local: L): Connection<R> {
  const send = (message: Message) => transport.send(message);
  const calls = new Calls(send);
  const serving = new Serving(local, send);
  let greeted = false;

  /** Ends everything that belonged to the other side as it was. */
  function drop(error: Error): void {
    calls.drop(error);
    serving.drop();
  }

  transport.receive((raw) => {
    if (calls.closed !== undefined || !isMessage(raw)) return;
    switch (raw.rpc) {
      case 'ready':
        // Whoever comes second hears nothing of the first's greeting, so a greeting is answered once.
        if (!raw.answer) {
          if (greeted) drop(new RemoteError(RESTARTED));
          greeted = true;
          send({ rpc: 'ready', answer: true });
        }
        calls.markReady();
        break;
      case 'call':
        void serving.serve(raw);
        break;
      case 'cancel':
        serving.cancel(raw.id);
        break;
      case 'progress':
      case 'result':
      case 'error':
        calls.hear(raw);
    }
  });
  send({ rpc: 'ready', answer: false });

  return {
    remote: proxyOf<R>(calls),
    ready: calls.ready,
    close(error) {
      if (calls.closed !== undefined) return;
      calls.close(error);
      drop(error);
    },
  };
}

/** Of a call whose other side greets again. */
const RESTARTED: WireError = {
  name: 'Error',
  message: 'The other side has started again.',
  code: 'cancelled',
  stack: undefined,
};

/** Every method of the other side, as a call. */
function proxyOf<R>(calls: Calls): Remote<R> {
  return new Proxy({} as Remote<R>, {
    // `then` must stay undefined, or awaiting the proxy would call the other side.
    get: (_, method) =>
      typeof method === 'string' && method !== 'then'
        ? (request: unknown, options?: CallOptions<unknown>) => calls.call(method, request, options)
        : undefined,
  });
}

type Answer = Extract<Message, { rpc: 'progress' | 'result' | 'error' }>;

/** The calls made from here that are not answered yet. */
class Calls {
  private readonly pending = new Map<number, Pending>();
  private nextId = 1;
  private failReady!: (error: Error) => void;
  markReady!: () => void;
  closed: Error | undefined;
  readonly ready = new Promise<void>((resolve, reject) => {
    this.markReady = resolve;
    this.failReady = reject;
  });

  constructor(private readonly send: (message: Message) => void) {
    this.ready.catch(() => undefined); // a close before the handshake is reported by the calls themselves
  }

  async call(method: string, request: unknown, options: CallOptions<unknown> | undefined): Promise<unknown> {
    await this.ready;
    if (this.closed !== undefined) throw this.closed;
    const id = this.nextId++;
    const { signal } = options ?? {};
    const cancel = () => this.send({ rpc: 'cancel', id });
    try {
      return await new Promise((resolve, reject) => {
        this.pending.set(id, { resolve, reject, progress: options?.progress });
        this.send({ rpc: 'call', id, method, request });
        if (signal?.aborted) cancel();
        else signal?.addEventListener('abort', cancel, { once: true });
      });
    } finally {
      signal?.removeEventListener('abort', cancel);
    }
  }

  hear(answer: Answer): void {
    const call = this.pending.get(answer.id);
    if (answer.rpc === 'progress') return call?.progress?.(answer.value);
    if (answer.rpc === 'result') call?.resolve(answer.value);
    else call?.reject(new RemoteError(answer.error));
    this.pending.delete(answer.id);
  }

  drop(error: Error): void {
    for (const call of this.pending.values()) call.reject(error);
    this.pending.clear();
  }

  close(error: Error): void {
    this.closed = error;
    this.failReady(error);
  }
}

/** The other side's calls that run here. */
class Serving<L extends Methods<L>> {
  private readonly running = new Map<number, AbortController>();

  constructor(
    private readonly local: L,
    private readonly send: (message: Message) => void,
  ) {}

  async serve({ id, method, request }: Extract<Message, { rpc: 'call' }>): Promise<void> {
    const controller = new AbortController();
    this.running.set(id, controller);
    // False once the caller is gone; its successor counts its own ids from one.
    const awaited = () => this.running.get(id) === controller;
    const answer = (message: Answer) => {
      if (awaited()) this.send(message);
    };
    try {
      if (!isServed(this.local, method)) throw new Error(`There is no method "${method}".`);
      const { signal } = controller;
      const progress = (value: unknown) => answer({ rpc: 'progress', id, value });
      answer({ rpc: 'result', id, value: await this.local[method as keyof L](request, { signal, progress }) });
    } catch (error) {
      answer({ rpc: 'error', id, error: toWire(error) });
    } finally {
      if (awaited()) this.running.delete(id);
    }
  }

  cancel(id: number): void {
    this.running.get(id)?.abort();
  }

  drop(): void {
    const dropped = [...this.running.values()];
    this.running.clear();
    for (const controller of dropped) controller.abort();
  }
}

function isMessage(value: unknown): value is Message {
  return typeof value === 'object' && value !== null && 'rpc' in value;
}

/** The interface's own methods, and not what every object has (`constructor`, `toString`). */
function isServed<L extends object>(local: L, method: string): method is keyof L & string {
  return typeof Reflect.get(local, method) === 'function' && !(method in Object.prototype);
}

function toWire(error: unknown): WireError {
  if (!(error instanceof Error)) return { name: 'Error', message: String(error), code: 'internal', stack: undefined };
  const code = 'code' in error && typeof error.code === 'string' ? error.code : 'internal';
  return { name: error.name, message: error.message, code, stack: error.stack };
}
