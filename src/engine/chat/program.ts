/**
 * A server that the user's own command starts: in a process group of its own, which ends with everything in it when it is
 * no longer needed, when its run is cancelled, and when this process dies.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { createServer } from 'node:net';
import { shown } from '../checkpoint/failure.js';
import { FrankensteinError, throwIfCancelled } from '../errors.js';

/** What stands for what in a command. */
export interface Places {
  folder: string;
  name: string;
  port: number;
}

const ON_WINDOWS = process.platform === 'win32';

/** Each in quotes of its own, so that no path is more than a word. @throws `bad-request` for a command without `{folder}` */
export function filled(command: string, { folder, name, port }: Places): string {
  checkCommand(command);
  return command
    .replaceAll('{folder}', () => quotedWord(folder))
    .replaceAll('{name}', () => quotedWord(name))
    .replaceAll('{port}', String(port));
}

/** @throws `bad-request` */
export function checkCommand(command: string): void {
  const unknown = [...command.matchAll(/(?<!\$)\{(\w+)\}/g)].find(
    ([, word]) => !['folder', 'name', 'port'].includes(word!),
  );
  if (unknown !== undefined)
    throw new FrankensteinError(
      'bad-request',
      `The serve command has ${shown(unknown[0])}, which means nothing; there are {folder}, {name} and {port}.`,
    );
  if (!command.includes('{folder}'))
    throw new FrankensteinError(
      'bad-request',
      'The serve command does not say {folder}, where the checkpoint is, such as: vllm serve {folder} ' +
        '--served-model-name {name} --port {port}.',
    );
}

function quotedWord(text: string): string {
  return ON_WINDOWS ? `"${text.replaceAll('"', '')}"` : `'${text.replaceAll("'", String.raw`'\''`)}'`;
}

/** A port of this machine that nobody listens on. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.on('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });
}

/**
 * Runs the command ($1) and waits for it. A second process waits for the end of a pipe (3) that this process holds: it is
 * closed whatever ends this process, and takes the group with it.
 */
const SUPERVISED = `
trap : TERM
(trap '' TERM; cat <&3 >/dev/null; kill -TERM 0; sleep 2; kill -KILL 0) &
exec 3<&-
eval "$1" </dev/null &
server=$!
wait $server
status=$?
while kill -0 $server 2>/dev/null; do wait $server; status=$?; done
exit $status
`;

/** Bytes of output that are kept to say what went wrong. */
const TAIL = 4096;
/** Milliseconds between asking a server to end and ending it: who cancels does not wait. */
const [GRACE, CANCEL_GRACE] = [15_000, 1000];

export interface Program {
  /** Undefined while it runs; then why it ended. */
  ended: () => string | undefined;
  /** Ends it and its children, and waits until they are gone. */
  stop: (signal: AbortSignal | undefined) => Promise<void>;
}

/** @param log gets its output */
export function startProgram(command: string, log: string): Program {
  const child = ON_WINDOWS
    ? spawn(command, { shell: true, stdio: ['ignore', 'pipe', 'pipe'] })
    : spawn('/bin/sh', ['-c', SUPERVISED, 'sh', command], {
        detached: true,
        stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
      });
  const file = createWriteStream(log);
  file.on('error', () => undefined); // a full disk: what reads the log says less
  let tail = '';
  let why: string | undefined;
  for (const stream of [child.stdout, child.stderr])
    stream!.setEncoding('utf8').on('data', (text: string) => {
      file.write(text);
      tail = (tail + text).slice(-TAIL);
    });
  const last = () => tail.trim().split('\n').slice(-3).join(' ');
  const gone = new Promise<void>((resolve) => {
    child.on('error', (error) => {
      why = error.message;
      resolve();
    });
    child.on('exit', (code, signal) => {
      why = `it ended with ${signal ?? `status ${code}`}${tail.trim() === '' ? '' : `: ${shown(last())}`}`;
      resolve();
    });
  });
  const leave = () => end(child, 'SIGKILL');
  process.on('exit', leave);
  return {
    ended: () => why,
    async stop(signal) {
      end(child, 'SIGTERM');
      const grace = AbortSignal.timeout(signal?.aborted === true ? CANCEL_GRACE : GRACE);
      const patience = new Promise<void>((resolve) => {
        grace.addEventListener('abort', () => resolve(), { once: true });
        signal?.addEventListener('abort', () => resolve(), { once: true });
      });
      await Promise.race([gone, patience]);
      end(child, 'SIGKILL'); // and whatever it left behind
      await gone;
      process.off('exit', leave);
      file.end();
    },
  };
}

function end(child: ChildProcess, how: NodeJS.Signals): void {
  const { pid } = child;
  if (pid === undefined) return;
  try {
    if (ON_WINDOWS) spawn('taskkill', ['/pid', String(pid), '/T', '/F']);
    else process.kill(-pid, how);
  } catch {
    // already gone
  }
}

/** Milliseconds between two questions whether it answers. */
const PAUSE = 250;

/**
 * Waits until the server lists the model.
 * @param url `http://…/v1` @throws `unavailable` when it ends or takes too long, `mismatch` when it serves another model,
 * `cancelled`
 */
export async function waitForModel(
  { url, name, seconds }: { url: string; name: string; seconds: number },
  program: Program,
  signal: AbortSignal | undefined,
): Promise<void> {
  const until = performance.now() + seconds * 1000;
  for (;;) {
    throwIfCancelled(signal);
    const why = program.ended();
    if (why !== undefined)
      throw new FrankensteinError('unavailable', `The server of ${shown(name)} did not stay: ${why}.`);
    const models = await modelsAt(url, signal);
    if (models !== undefined) {
      if (models.includes(name)) return;
      throw new FrankensteinError(
        'mismatch',
        `The server at ${shown(url)} serves ${models.map(shown).join(', ') || 'no model'}, and not ${shown(name)}: ` +
          'give its command the name, such as --served-model-name {name}.',
      );
    }
    if (performance.now() > until)
      throw new FrankensteinError(
        'unavailable',
        `The server of ${shown(name)} did not answer at ${shown(url)} within ${seconds} seconds.`,
      );
    await new Promise((resolve) => setTimeout(resolve, PAUSE));
  }
}

/** Names of the models that a server lists; undefined where nobody answers. */
export async function modelsAt(url: string, signal: AbortSignal | undefined): Promise<string[] | undefined> {
  try {
    const limit = AbortSignal.timeout(5000);
    const response = await fetch(`${url.replace(/\/$/, '')}/models`, {
      redirect: 'manual',
      signal: signal === undefined ? limit : AbortSignal.any([signal, limit]),
    });
    if (!response.ok) return undefined;
    const { data } = (await response.json()) as { data?: { id?: unknown }[] };
    return Array.isArray(data) ? data.flatMap(({ id }) => (typeof id === 'string' ? [id] : [])) : undefined;
  } catch {
    return undefined;
  }
}
