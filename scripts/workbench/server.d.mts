export interface ServerOptions {
  root: string;
  vsix?: string | undefined;
  settings?: Record<string, unknown> | undefined;
  env?: Record<string, string> | undefined;
  log?: ((line: string) => void) | undefined;
}

export interface Server {
  readonly port: number;
  /** `http://127.0.0.1:PORT/` */
  readonly url: string;
  /** Temporary folder of everything below; removed by stop(). */
  readonly folder: string;
  readonly userSettings: string;
  readonly extensionsDir: string;
  readonly logFile: string;
  readonly exited: Promise<string>;
  urlFor(target: string, extra?: Record<string, string>): string;
  writeSettings(settings: Record<string, unknown>): void;
  serverLog(): string;
  stop(): Promise<void>;
}

export const BASE_SETTINGS: Readonly<Record<string, unknown>>;
export const TEST_SETTINGS: Readonly<Record<string, unknown>>;
export function startServer(options: ServerOptions): Promise<Server>;
