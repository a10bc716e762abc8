/** What every part of the panel is given. */
import { createContext } from 'preact';
import { useContext } from 'preact/hooks';
import type { CommonHost } from './host.js';
import type { Store } from './state/store.js';
import type { ViewState } from './state/view.js';
import type { ThemeWatcher } from './theme.js';
import type { Tooltip } from './tooltip.js';

export interface PanelContext {
  host: CommonHost;
  view: Store<ViewState>;
  theme: ThemeWatcher;
  tooltip: Tooltip;
  /** Says it to a screen reader. */
  announce: (text: string) => void;
  /** Awaits a call to the host; when it fails, the error's sentence is shown and the answer is undefined. */
  ask: <T>(call: Promise<T>) => Promise<T | undefined>;
}

export const Panel = createContext<PanelContext | null>(null);

/** @throws outside of a panel */
export function usePanel(): PanelContext {
  const context = useContext(Panel);
  if (context === null) throw new Error('This part is shown by a panel only.');
  return context;
}
