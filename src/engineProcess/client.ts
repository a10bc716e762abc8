/**
 * The host's side of the engine process: starts it on the first call, passes calls, progress and cancellation through,
 * starts a new one after a crash, and lets it go when nobody has needed it for a while. Knows nothing about VS Code.
 */
import { fork, type ChildProcess } from 'node:child_process';
import type { Readable } from 'node:stream';
import { FrankensteinError } from '../engine/errors.js';
import type { EngineApi, EngineHost } from '../protocol/engineApi.js';
import type { ReportApi } from '../protocol/report.js';
import { connect, type CallOptions, type Connection } from '../protocol/rpc.js';

export interface EngineLog {
  info(text: string): void;
  error(text: string): void;
}

export interface EngineClientOptions {
  /** The bundled entry of the engine process. */
  entry: string;
  log?: EngineLog;
  /** What the engine may ask of this process; a call of something that is not here fails with a sentence. */
  host?: EngineHost;
  /** Added to the inherited environment. */
  env?: NodeJS.ProcessEnv;
  /** A cancelled call that has not ended after this long is ended with the process. Milliseconds. */
  cancelGrace?: number;
  /** The process goes after this long without a call. Milliseconds. */
  idleAfter?: number;
}

export interface EngineClient {
  /** The engine, and reports; every call starts the process if there is none. */
  readonly engine: EngineApi & ReportApi;
  /** Process id, while one runs. */
  readonly pid: number | undefined;
  /** Ends the process; calls under way are rejected as cancelled. Later calls are rejected too. */
  dispose(): void;
}

/**
 * glibc keeps large freed blocks for later, and a process that streams weights would grow by hundreds of megabytes
 * beyond its budget: from this size on, memory goes back to the system at once. Elsewhere the names mean nothing.
 */
const ALLOCATOR = { MALLOC_MMAP_THRESHOLD_: String(1 << 20), MALLOC_TRIM_THRESHOLD_: String(1 << 20) };

const NO_HOST: EngineHost = {
  languageModelKey: () => Promise.resolve(null),
  complete: () =>
    Promise.reject(
      new FrankensteinError('bad-request', "The editor's language models are there in VS Code only; name an endpoint."),
    ),
};

/** The last words of a dying process are worth more than its exit code; this much of them is kept. */
const STDERR_KEPT = 2000;

export function createEngineClient(options: EngineClientOptions): EngineClient {
  const { entry, log, env, host = NO_HOST, cancelGrace = 2000, idleAfter = 5 * 60_000 } = options;
  let current: EngineProcess | undefined;
  let running = 0;
  let idle: NodeJS.Timeout | undefined;
  let disposed = false;

  async function call(
    method: keyof (EngineApi & ReportApi),
    request: unknown,
    context: CallOptions<unknown> | undefined,
  ): Promise<unknown> {
    if (disposed) throw new FrankensteinError('cancelled', 'The extension is shutting down.');
    if (context?.signal?.aborted) throw new FrankensteinError('cancelled', 'Cancelled.');
    clearTimeout(idle);
    running++;
    const process = (current ??= start());
    const { signal } = context ?? {};
    let overdue: NodeJS.Timeout | undefined;
    const onAbort = () => {
      // Native code cannot be interrupted; ending its process is the one sure way to stop it.
      overdue = setTimeout(() => process.kill('A cancelled call did not stop in time.'), cancelGrace);
    };
    signal?.addEventListener('abort', onAbort, { once: true });
    try {
      const remote = process.connection.remote as Record<
        string,
        (request: unknown, context?: CallOptions<unknown>) => Promise<unknown>
      >;
      return await remote[method]!(request, context);
    } catch (error) {
      if (signal?.aborted) throw new FrankensteinError('cancelled', 'Cancelled.', { cause: error });
      throw error;
    } finally {
      signal?.removeEventListener('abort', onAbort);
      clearTimeout(overdue);
      running--;
      if (running === 0 && !disposed) idle = setTimeout(release, idleAfter).unref();
    }
  }

  function start(): EngineProcess {
    const started: EngineProcess = startProcess(entry, env, log, host, () => {
      if (current === started) current = undefined;
    });
    return started;
  }

  function release(): void {
    log?.info('The engine process has been idle and is let go.');
    current?.letGo();
    current = undefined;
  }

  const engine = new Proxy({} as EngineApi & ReportApi, {
    // `then` must stay undefined, or awaiting the proxy would call the engine.
    get: (_, method) =>
      typeof method === 'string' && method !== 'then'
        ? (request: unknown, context?: CallOptions<unknown>) =>
            call(method as keyof (EngineApi & ReportApi), request, context)
        : undefined,
  });

  return {
    engine,
    get pid() {
      return current?.pid;
    },
    dispose() {
      disposed = true;
      clearTimeout(idle);
      current?.letGo();
      current = undefined;
    },
  };
}

/** Weights are mapped into memory: the system's answer to reading one that is gone is the signal SIGBUS. */
const CUT_SHORT =
  'A checkpoint file became shorter, or its disk failed, while it was being read. ' +
  'Start again once the file is whole: it continues where it was.';

interface EngineProcess {
  pid: number | undefined;
  connection: Connection<EngineApi & ReportApi>;
  /** Ends it at once; calls under way are rejected with `engine-lost`. */
  kill(reason: string): void;
  /** Asks it to end; calls under way are rejected as cancelled. */
  letGo(): void;
}

/** `gone` is called as soon as no new call should go to this process. */
function startProcess(
  entry: string,
  env: NodeJS.ProcessEnv | undefined,
  log: EngineLog | undefined,
  host: EngineHost,
  gone: () => void,
): EngineProcess {
  const child = fork(entry, [String(process.pid)], {
    serialization: 'advanced',
    // The host's own flags (a debugger's port above all) are not for the child, which may have a port of its own.
    execArgv: process.env['FRANKENSTEIN_INSPECT'] ? [`--inspect=${process.env['FRANKENSTEIN_INSPECT']}`] : [],
    env: { ...ALLOCATOR, ...process.env, ...env, ELECTRON_RUN_AS_NODE: '1' },
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  log?.info(`Engine process ${child.pid ?? '?'} started.`);

  let stderrTail = '';
  forwardLines(child.stdout, (line) => log?.info(line));
  forwardLines(child.stderr, (line) => {
    stderrTail = `${stderrTail}${line}\n`.slice(-STDERR_KEPT);
    log?.error(line);
  });

  const connection = connect<EngineHost, EngineApi & ReportApi>(
    {
      send: (message) => sendTo(child, message),
      receive: (listener) => void child.on('message', listener),
    },
    host,
  );
  let handshakeDone = false;
  connection.ready.then(() => (handshakeDone = true)).catch(() => undefined);

  const lose = (why: string | FrankensteinError) => {
    gone();
    connection.close(
      typeof why === 'string'
        ? new FrankensteinError('engine-lost', lostSentence(why, handshakeDone, stderrTail))
        : why,
    );
  };
  child.on('error', (error) => {
    log?.error(`Engine process: ${error.message}`);
    // Without a pid there will be no `exit` event.
    if (child.pid === undefined) lose(error.message);
  });
  // `close` comes after `exit`, when stderr has been read to its end.
  child.on('exit', gone);
  child.on('close', (code, signal) => {
    log?.info(`Engine process ${child.pid ?? '?'} ended (${signal ?? `exit code ${code ?? '?'}`}).`);
    if (signal === 'SIGBUS') lose(new FrankensteinError('changed', CUT_SHORT));
    else lose(signal === null ? `exit code ${code ?? '?'}` : `signal ${signal}`);
  });

  return {
    pid: child.pid,
    connection,
    kill(reason) {
      log?.info(`${reason} Engine process ${child.pid ?? '?'} is ended.`);
      gone();
      connection.close(
        new FrankensteinError(
          'engine-lost',
          'The engine was restarted because a cancelled call did not stop; start again and it continues where it was.',
        ),
      );
      child.kill('SIGKILL');
    },
    letGo() {
      gone();
      connection.close(new FrankensteinError('cancelled', 'The extension is shutting down.'));
      if (child.connected) child.disconnect();
      // A thread inside native code never sees the disconnect.
      setTimeout(() => child.kill('SIGKILL'), 2000).unref();
    },
  };
}

function lostSentence(why: string, handshakeDone: boolean, stderrTail: string): string {
  if (handshakeDone)
    return (
      `The engine process ended unexpectedly (${why}). Start again and it continues where it was; ` +
      'the log has the details.'
    );
  // Node prints the reason as "Error: …" among a stack trace.
  const reason = /^\w*Error: (.*)$/m.exec(stderrTail)?.[1];
  return `The engine process could not start (${reason ?? why}); the log has the details.`;
}

function sendTo(child: ChildProcess, message: unknown): void {
  // A closed channel is reported once, by `close` above, and not by every message that missed it.
  if (child.connected) child.send(message as object, () => undefined);
}

/** Whole lines only: a chunk may end in the middle of one. */
function forwardLines(stream: Readable | null, line: (text: string) => void): void {
  let rest = '';
  stream?.setEncoding('utf8');
  stream?.on('data', (chunk: string) => {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop() ?? '';
    for (const text of lines) if (text.trim() !== '') line(text.trimEnd());
  });
  stream?.on('end', () => {
    if (rest.trim() !== '') line(rest.trimEnd());
  });
}
