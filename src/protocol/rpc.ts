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
  const pending = new Map<number, Pending>();
  const serving = new Map<number, AbortController>();
  let nextId = 1;
  let greeted = false;
  let closed: Error | undefined;
  let markReady!: () => void;
  let failReady!: (error: Error) => void;
  const ready = new Promise<void>((resolve, reject) => {
    markReady = resolve;
    failReady = reject;
  });
  ready.catch(() => undefined); // a close before the handshake is reported by the calls themselves

  const send = (message: Message) => transport.send(message);

  async function serve(id: number, method: string, request: unknown): Promise<void> {
    const controller = new AbortController();
    serving.set(id, controller);
    // False once the caller is gone; its successor counts its own ids from one.
    const awaited = () => serving.get(id) === controller;
    try {
      if (!isServed(local, method)) throw new Error(`There is no method "${method}".`);
      const context = {
        signal: controller.signal,
        progress: (value: unknown) => {
          if (awaited()) send({ rpc: 'progress', id, value });
        },
      };
      const value = await local[method as keyof L](request, context);
      if (awaited()) send({ rpc: 'result', id, value });
    } catch (error) {
      if (awaited()) send({ rpc: 'error', id, error: toWire(error) });
    } finally {
      if (awaited()) serving.delete(id);
    }
  }

  /** Ends everything that belonged to the other side as it was. */
  function drop(error: Error): void {
    for (const call of pending.values()) call.reject(error);
    pending.clear();
    const dropped = [...serving.values()];
    serving.clear();
    for (const controller of dropped) controller.abort();
  }

  transport.receive((raw) => {
    if (closed !== undefined || !isMessage(raw)) return;
    switch (raw.rpc) {
      case 'ready':
        // Whoever comes second hears nothing of the first's greeting, so a greeting is answered once.
        if (!raw.answer) {
          if (greeted)
            drop(
              new RemoteError({
                name: 'Error',
                message: 'The other side has started again.',
                code: 'cancelled',
                stack: undefined,
              }),
            );
          greeted = true;
          send({ rpc: 'ready', answer: true });
        }
        markReady();
        break;
      case 'call':
        void serve(raw.id, raw.method, raw.request);
        break;
      case 'cancel':
        serving.get(raw.id)?.abort();
        break;
      case 'progress':
        pending.get(raw.id)?.progress?.(raw.value);
        break;
      case 'result':
        pending.get(raw.id)?.resolve(raw.value);
        pending.delete(raw.id);
        break;
      case 'error':
        pending.get(raw.id)?.reject(new RemoteError(raw.error));
        pending.delete(raw.id);
        break;
    }
  });
  send({ rpc: 'ready', answer: false });

  async function call(method: string, request: unknown, options: CallOptions<unknown> | undefined): Promise<unknown> {
    await ready;
    if (closed !== undefined) throw closed;
    const id = nextId++;
    const { signal } = options ?? {};
    const cancel = () => send({ rpc: 'cancel', id });
    try {
      return await new Promise((resolve, reject) => {
        pending.set(id, { resolve, reject, progress: options?.progress });
        send({ rpc: 'call', id, method, request });
        if (signal?.aborted) cancel();
        else signal?.addEventListener('abort', cancel, { once: true });
      });
    } finally {
      signal?.removeEventListener('abort', cancel);
    }
  }

  const remote = new Proxy({} as Remote<R>, {
    // `then` must stay undefined, or awaiting the proxy would call the other side.
    get: (_, method) =>
      typeof method === 'string' && method !== 'then'
        ? (request: unknown, options?: CallOptions<unknown>) => call(method, request, options)
        : undefined,
  });

  return {
    remote,
    ready,
    close(error) {
      if (closed !== undefined) return;
      closed = error;
      failReady(error);
      drop(error);
    },
  };
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
