/**
 * Checkpoints that a server of the user's runs: each is written out, served by the user's command, asked, and deleted
 * again. A folder that is a checkpoint already is served where it lies, and stays.
 */
import { existsSync } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import type { EngineHost } from '../../calls.js';
import { checkCommand, filled, freePort, modelsAt, startProgram, waitForModel } from '../../chat/program.js';
import type { Checkpoint } from '../../checkpoint/checkpoint.js';
import { endpointPath } from '../../checkpoint/endpointPath.js';
import { shown } from '../../checkpoint/failure.js';
import type { StageRequest } from '../../checkpoint/stage.js';
import { FrankensteinError } from '../../errors.js';
import { exportMerged } from '../../merge/export/export.js';
import { readJson, writeBeside } from '../../runs/store.js';
import type { ParsedEvaluation } from './request.js';

/** Seconds that a server may take to answer; one of hundreds of billions of weights reads for many minutes. */
const WAIT = 1800;

export interface Serving {
  request: ParsedEvaluation;
  checkpoint: Checkpoint;
  stage: StageRequest;
  label: string;
  fingerprint: string;
  workerFile: string;
  /** Says what is being done. */
  phase: (text: string) => void;
  signal: AbortSignal | undefined;
}

/** @throws `bad-request` for a command or an address that cannot be */
export function checkServe({ serve }: Pick<ParsedEvaluation, 'serve'>): void {
  if (serve === undefined) return;
  checkCommand(serve.command);
  const { address } = serve;
  if (address !== undefined && !/^https?:\/\/\S+$/.test(address))
    throw new FrankensteinError('bad-request', `"${shown(address)}" is no http or https address of a server.`);
  if (address === undefined && !serve.command.includes('{port}'))
    throw new FrankensteinError(
      'bad-request',
      'The serve command does not say {port}, and no address says where its server answers: give one of the two.',
    );
}

/**
 * A request may come from a file that somebody else wrote: the command runs only where it was typed, or where the user
 * says so. @throws `bad-request`
 */
export async function allowServe(
  { serve, serveAllowed }: Pick<ParsedEvaluation, 'serve' | 'serveAllowed'>,
  host: EngineHost | undefined,
): Promise<void> {
  if (serve === undefined || serveAllowed === true) return;
  if ((await host?.mayServe({ command: serve.command })) === true) return;
  throw new FrankensteinError(
    'bad-request',
    `This evaluation starts a program, and was not allowed to: ${shown(serve.command)}. On a terminal, --allow-serve ` +
      'allows it.',
  );
}

/**
 * Serves one checkpoint while `work` asks it. @param work is given the endpoint's path
 * @throws what writing the checkpoint throws; `unavailable`, `mismatch`, `in-use`, `cancelled`. Whatever happens, the server
 * is ended, and what was written is deleted.
 */
export async function whileServed<T>(of: Serving, work: (place: string) => Promise<T>): Promise<T> {
  const { request, checkpoint, label, fingerprint, phase, signal } = of;
  const { command, address, wait = WAIT } = request.serve!;
  const slug = `${label.replace(/[^\p{L}\p{N}._-]+/gu, '-').slice(0, 60)}-${fingerprint.slice(0, 8)}`;
  const folder = path.resolve(request.serve!.folder ?? path.join(request.runsFolder ?? os.tmpdir(), 'served'));
  const isPlain = checkpoint.virtual === undefined && of.stage.recipe === undefined;
  const port = await freePort();
  const url = (address ?? 'http://127.0.0.1:{port}/v1').replaceAll('{port}', String(port));
  if ((await modelsAt(url, signal)) !== undefined)
    throw new FrankensteinError(
      'in-use',
      `Another server answers at ${shown(url)} already: end it, or leave {port} free.`,
    );
  await mkdir(folder, { recursive: true });
  const written = isPlain ? undefined : path.join(folder, slug);
  try {
    if (written !== undefined) await write(of, written);
    phase(`Starting the server of ${label}`);
    const program = startProgram(
      filled(command, { folder: written ?? checkpoint.folder, name: slug, port }),
      path.join(folder, `${slug}.log`),
    );
    try {
      await waitForModel({ url, name: slug, seconds: wait }, program, signal);
      return await work(endpointPath({ url, model: slug }));
    } finally {
      phase(`Ending the server of ${label}`);
      await program.stop(signal);
    }
  } finally {
    if (written !== undefined && (await isOurs(written, fingerprint))) {
      await rm(written, { recursive: true, force: true });
      await rm(markOf(written), { force: true });
    }
  }
}

/** Beside the folder, from before it is written until it is deleted: only a folder with one is ever deleted. */
const markOf = (folder: string) => `${folder}.served.json`;

async function isOurs(folder: string, fingerprint: string): Promise<boolean> {
  return (await readJson<{ fingerprint?: unknown }>(markOf(folder)))?.fingerprint === fingerprint;
}

/** What an interrupted run has written whole is served again. @throws `bad-request` for a folder of somebody else's */
async function write({ request, stage, label, fingerprint, workerFile, phase, signal }: Serving, out: string) {
  const ours = await isOurs(out, fingerprint);
  if (existsSync(out)) {
    if (ours) return;
    throw new FrankensteinError(
      'bad-request',
      `${shown(out)} is there already, and no evaluation wrote it: move it away, or serve from another folder.`,
    );
  }
  phase(`Writing ${label}`);
  await writeBeside(markOf(out), `${JSON.stringify({ fingerprint })}\n`);
  const { memory, threads } = request;
  await exportMerged({ checkpoint: stage, out, memory, threads }, workerFile, (work) => work(), {
    signal,
    progress: ({ doneBytes, totalBytes }) => {
      if (totalBytes > 0) phase(`Writing ${label} (${Math.floor((100 * doneBytes) / totalBytes)}%)`);
    },
  });
}
