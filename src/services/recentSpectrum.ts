/** How spectra were last taken: what the next one is offered with. */
import type { SpectrumChoice } from '../protocol/hostApi.js';
import type { Store } from './recentQuestions.js';

const KEY = 'frankenstein.spectrum';

export class RecentSpectrum {
  constructor(private readonly store: Store) {}

  get choice(): SpectrumChoice {
    return parseChoice(this.store.get(KEY));
  }

  async remember(choice: SpectrumChoice): Promise<void> {
    await this.store.update(KEY, choice);
  }
}

/** Written by another version, perhaps, or by a webview. */
export function parseChoice(value: unknown): SpectrumChoice {
  const { mode, filter } = typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  return {
    mode: mode === 'exact' || mode === 'fast' ? mode : null,
    filter: typeof filter === 'string' ? filter.slice(0, 1000) : '',
  };
}
