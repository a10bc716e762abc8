/** What every part of the panel is given. */
import type { HostApi } from '../src/protocol/hostApi.js';
import type { Store } from './state/store.js';
import type { ViewState } from './state/view.js';
import type { ThemeWatcher } from './theme.js';
import type { Tooltip } from './tooltip.js';

export interface PanelContext {
  host: HostApi;
  view: Store<ViewState>;
  theme: ThemeWatcher;
  tooltip: Tooltip;
  /** Says it to a screen reader. */
  announce(text: string): void;
  /** Awaits a call to the host; when it fails, the error's sentence is shown and the answer is undefined. */
  ask<T>(call: Promise<T>): Promise<T | undefined>;
}
