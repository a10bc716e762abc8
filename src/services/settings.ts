/** The settings as values. Their defaults live in the manifest and nowhere else. */
import * as vscode from 'vscode';

export interface Settings {
  /** Bytes; undefined leaves the choice to the engine. */
  memory: number | undefined;
  threads: number | undefined;
  /** Absolute, or relative to the workspace folder; empty for the default. */
  runsFolder: string;
  huggingFaceCache: boolean;
  inline: { enabled: boolean; bars: boolean };
  roundingFloorWarnings: boolean;
}

export const SECTION = 'frankenstein';

const GIGABYTE = 1e9;

export function readSettings(): Settings {
  const configuration = vscode.workspace.getConfiguration(SECTION);
  const memory = configuration.get<number | null>('memoryBudget') ?? null;
  return {
    memory: memory === null ? undefined : Math.round(memory * GIGABYTE),
    threads: configuration.get<number | null>('threads') ?? undefined,
    runsFolder: configuration.get<string>('runsFolder', ''),
    huggingFaceCache: configuration.get<boolean>('huggingFaceCache', true),
    inline: {
      enabled: configuration.get<boolean>('inline.enabled', true),
      bars: configuration.get<boolean>('inline.bars', true),
    },
    roundingFloorWarnings: configuration.get<boolean>('roundingFloorWarnings', true),
  };
}

/** Calls `listener` when one of ours has changed. */
export function onDidChangeSettings(listener: () => void): vscode.Disposable {
  return vscode.workspace.onDidChangeConfiguration((event) => {
    if (event.affectsConfiguration(SECTION)) listener();
  });
}
