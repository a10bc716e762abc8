/** A small bar chart as inline SVG: one tab stop, arrows walk the bars. Colours come from the style sheet. */
import { useRef, useState } from 'preact/hooks';
import { usePanel } from '../context.js';
import type { Bars } from './bins.js';

const HEIGHT = 100;

export function BarChart({
  label,
  data: { bars, ends, top },
  series,
  testId,
}: {
  label: string;
  data: Bars;
  series: number;
  testId: string;
}) {
  const { tooltip, announce } = usePanel();
  const [cursor, setCursor] = useState<number | null>(null);
  const drawing = useRef<SVGSVGElement>(null);
  const count = Math.max(1, bars.length);
  const point = (index: number | null, at?: { x: number; y: number }) => {
    setCursor(index);
    if (index === null) return tooltip.hide();
    const box = drawing.current!.getBoundingClientRect();
    tooltip.show(at ?? { x: box.left + ((index + 0.5) / count) * box.width, y: box.top }, bars[index]?.text ?? '');
  };
  const follow = ({ clientX: x, clientY: y }: PointerEvent) => {
    const box = drawing.current!.getBoundingClientRect();
    const index = Math.floor(((x - box.left) / box.width) * count);
    point(index >= 0 && index < bars.length ? index : null, { x, y });
  };
  const walk = (event: KeyboardEvent) => {
    const at = cursor ?? -1;
    const next = {
      ArrowRight: at + 1,
      ArrowLeft: cursor === null ? count - 1 : at - 1,
      Home: 0,
      End: count - 1,
      PageDown: at + 10,
      PageUp: at - 10,
    }[event.key];
    if (next !== undefined && bars.length > 0) {
      event.preventDefault();
      const index = Math.max(0, Math.min(bars.length - 1, next));
      point(index);
      announce(bars[index]!.text);
    } else if (event.key === 'Escape' && cursor !== null) {
      event.preventDefault();
      event.stopPropagation();
      point(null);
    }
  };
  return (
    <figure class="bar-chart">
      <figcaption>{label}</figcaption>
      <div
        class="bar-stage"
        tabIndex={0}
        role="application"
        aria-roledescription="bar chart"
        aria-label={`${label}, ${count} bars. Arrow keys walk them.`}
        data-testid={testId}
        onPointerMove={follow}
        onPointerLeave={() => point(null)}
        onBlur={() => point(null)}
        onKeyDown={walk}
      >
        <svg
          ref={drawing}
          viewBox={`0 0 ${count} ${HEIGHT}`}
          preserveAspectRatio="none"
          aria-hidden="true"
          class={`bars series-${series % 4}`}
        >
          <path d={bars.map(({ fraction }, index) => barPath(fraction, index)).join('')} fill="currentColor" />
          {cursor === null ? null : <rect class="bar-cursor" x={cursor} y={0} width={1} height={HEIGHT} />}
        </svg>
        <span class="bar-top number" aria-hidden="true">
          {top}
        </span>
      </div>
      <div class="bar-ends number" aria-hidden="true">
        {ends.map((text, at) => (
          <span key={at}>{text}</span>
        ))}
      </div>
    </figure>
  );
}

/** A bar that is there is seen, however small. */
function barPath(fraction: number, index: number): string {
  if (fraction === 0) return '';
  const height = Math.round(Math.max(1.2, fraction * HEIGHT) * 100) / 100;
  return `M${index} ${HEIGHT}v${-height}h1v${height}Z`;
}
