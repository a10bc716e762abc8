/** The last step before an analysis: Run with its estimate, and the options that it depends on. */
import { isCancelled, messageOf } from '../services/errors.js';
import { askText, pickOne, type Answer, type Choice, type PickQuestion } from '../services/screen.js';

export type OptionItem<Action extends string> = Choice<Action | 'run'>;

/** What was chosen; undefined when dismissed. */
export async function askOptions<Action extends string>(
  question: Omit<PickQuestion, 'placeholder'>,
  options: readonly OptionItem<Action>[],
  estimate: (signal: AbortSignal) => Promise<string>,
): Promise<Answer<Action | 'run'>> {
  const abort = new AbortController();
  const items = (description: string) => [
    { label: 'Run', icon: 'play', description, value: 'run' as const, alwaysShow: true },
    { heading: 'Options' },
    ...options,
  ];
  try {
    return await pickOne<Action | 'run'>(
      { ...question, placeholder: 'Run, or change what is run' },
      items('estimating…'),
      (show) =>
        estimate(abort.signal).then(
          (text) => show(items(text)),
          (error: unknown) => {
            if (!isCancelled(error)) show(items(messageOf(error)));
          },
        ),
    );
  } finally {
    abort.abort();
  }
}

/** Null when dismissed; undefined for "all". */
export async function askNumber(
  title: string,
  prompt: string,
  value: number | undefined,
  all: boolean,
): Promise<number | null | undefined> {
  const text = await askText({
    title,
    prompt: all ? `${prompt}; empty for all` : prompt,
    value: value === undefined ? '' : String(value),
    refuse: (input) =>
      (all && input.trim() === '') || /^[1-9]\d{0,5}$/.test(input.trim()) ? undefined : 'A whole number above zero.',
  });
  if (text === undefined) return null;
  return text.trim() === '' ? undefined : Number(text);
}
