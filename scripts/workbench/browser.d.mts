import type { BrowserContext } from 'playwright-core';

export const BROWSER_FLAGS: readonly string[];
export function isLocal(url: string): boolean;
export function guardRequests(context: BrowserContext): Promise<string[]>;
export function addDevelopmentOptions(
  context: BrowserContext,
  options: { port: number; extensions?: readonly string[] | undefined; tests?: string | undefined },
): Promise<void>;
