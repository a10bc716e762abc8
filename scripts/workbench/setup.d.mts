export interface Workbench {
  readonly folder: string;
  readonly node: string;
  readonly entry: string;
  readonly vscode: string;
  readonly outputChannels: boolean;
}

export class WorkbenchError extends Error {}
export const VERSIONS: Readonly<Record<string, string>>;
export function workbenchFolder(root: string): string;
export function findWorkbench(folder: string): Workbench | undefined;
export function findBrowser(): string | undefined;
export function onPath(name: string): string | undefined;
export function setupBrowser(options: { root: string; log?: (line: string) => void }): Promise<string>;
export function setupWorkbench(options: { root: string; log?: (line: string) => void }): Promise<Workbench>;
