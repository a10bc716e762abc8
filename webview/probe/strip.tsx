/**
 * One sample over all depths: a bar per layer, low where the answer stayed, full where it became the source's, half
 * where it became something else. Height says it, colour only helps. As a slider it moves the chosen layer.
 */
import type { Outcome, ProbeSample } from './model.js';

export interface StripWords {
  same: string;
  source: string;
  other: string;
}

export const SWAP_WORDS: StripWords = {
  same: 'unchanged',
  source: 'became the source’s answer',
  other: 'changed to something else',
};
export const SKIP_WORDS: StripWords = { same: 'correct', source: 'wrong', other: 'wrong' };

export function Strip({
  sample,
  depth,
  label,
  words,
  onDepth,
}: {
  sample: ProbeSample;
  depth: number | null;
  label: string;
  words: StripWords;
  onDepth: (depth: number) => void;
}) {
  const { depths } = sample;
  const at = depth === null ? -1 : depths.indexOf(depth);
  const last = depths.length - 1;
  const walk = (event: KeyboardEvent) => {
    const to = {
      ArrowRight: at + 1,
      ArrowUp: at + 1,
      ArrowLeft: at - 1,
      ArrowDown: at - 1,
      Home: 0,
      End: last,
      PageDown: at - 5,
      PageUp: at + 5,
    }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    onDepth(depths[Math.max(0, Math.min(last, to))]!);
  };
  return (
    <div
      class="strip"
      tabIndex={0}
      role="slider"
      aria-label={label}
      aria-valuemin={depths[0] ?? 0}
      aria-valuemax={depths.at(-1) ?? 0}
      aria-valuenow={depths[Math.max(0, at)] ?? 0}
      aria-valuetext={
        at === -1
          ? 'no layer chosen'
          : `layer ${depths[at]!}: ${sample.answers[at] ?? ''}, ${words[sample.outcomes[at] ?? 'same']}`
      }
      data-testid="strip"
      onKeyDown={walk}
    >
      {depths.map((one, index) => {
        const outcome = sample.outcomes[index] ?? 'same';
        return (
          <i
            key={one}
            class={`strip-cell ${outcome}${index === at ? ' chosen' : ''}`}
            title={`Layer ${one}: ${sample.answers[index] ?? ''} (${words[outcome]})`}
            data-depth={one}
            onClick={() => onDepth(one)}
          />
        );
      })}
    </div>
  );
}

const SHARES: Record<Outcome, string> = { same: '22%', source: '100%', other: '60%' };

/** The same, small, as an image: one element for a list of many. */
export function MiniStrip({ sample }: { sample: ProbeSample }) {
  const count = Math.max(1, sample.depths.length);
  const bars = sample.outcomes.map((outcome) => {
    const colour = outcome === 'same' ? 'var(--strip-same)' : 'var(--strip-changed)';
    return `linear-gradient(to top, ${colour} ${SHARES[outcome]}, transparent ${SHARES[outcome]})`;
  });
  const positions = sample.outcomes.map((_, index) => `${count === 1 ? 0 : (100 * index) / (count - 1)}% 100%`);
  const style = {
    backgroundImage: bars.join(', '),
    backgroundPosition: positions.join(', '),
    backgroundSize: `calc(${100 / count}% - ${count > 1 ? 1 : 0}px) 100%`,
    backgroundRepeat: 'no-repeat',
  };
  return <span class="mini-strip" aria-hidden="true" style={style} />;
}
