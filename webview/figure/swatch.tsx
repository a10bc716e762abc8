/** A line sample as it is drawn in a figure, for legends and tooltips. */
import type { ComponentChildren } from 'preact';
import type { LineFigure, LineSeries } from './lines.js';
import { markerPath, markOf } from './marks.js';

type Look = Pick<LineSeries, 'colour' | 'marker' | 'dash' | 'light'>;

export function LineSwatch({ series: { colour, marker, dash, light } }: { series: Look }) {
  return (
    <Sample class={`swatch series-${colour % 4}`}>
      <Stroke dash={markOf(dash).dash} width={light === true ? 1.4 : 1.8} />
      {light === true ? null : (
        <path d={markerPath(markOf(marker).marker, 13, 6, 3.4)} fill="currentColor" stroke="none" />
      )}
    </Sample>
  );
}

/** Of an update, which has one mark for colour, marker and dash. */
export function Swatch({ delta }: { delta: number }) {
  return <LineSwatch series={{ colour: delta, marker: delta, dash: delta }} />;
}

/** Only what the dash says. */
export function DashSwatch({ dash }: { dash: number }) {
  return (
    <Sample class="swatch">
      <Stroke dash={markOf(dash).dash} width={1.8} />
    </Sample>
  );
}

export function FloorSwatch() {
  return (
    <Sample class="swatch">
      <Stroke dash={[1.5, 3]} width={1.4} />
    </Sample>
  );
}

export function DottedSwatch() {
  return (
    <Sample class="swatch">
      <Stroke dash={[1.5, 3]} width={1.8} />
    </Sample>
  );
}

function Sample({ class: className, children }: { class: string; children: ComponentChildren }) {
  return (
    <svg class={className} width={26} height={12} viewBox="0 0 26 12" aria-hidden="true">
      {children}
    </svg>
  );
}

function Stroke({ dash, width }: { dash: readonly number[]; width: number }) {
  return <path d="M1 6H25" stroke="currentColor" stroke-width={width} stroke-dasharray={dash.join(' ')} fill="none" />;
}

/** A line and its name. */
export function LegendItem({ series, children }: { series: Look; children: ComponentChildren }) {
  return (
    <span class="legend-item">
      <LineSwatch series={series} />
      {children}
    </span>
  );
}

/** A line's row in the table of a tooltip. @param current the line that the cursor is on */
export function SeriesRow({
  series,
  current,
  children,
}: {
  series: LineSeries;
  current: boolean;
  children: ComponentChildren;
}) {
  return (
    <tr class={current ? 'current' : undefined}>
      <th scope="row">
        <LineSwatch series={series} />
        {series.name}
      </th>
      {children}
    </tr>
  );
}

/** A line that can be taken out of the figure; without `onToggle` it cannot. */
export function LegendToggle({
  name,
  pressed,
  testId,
  swatch,
  after,
  onToggle,
  says = name,
}: {
  name: string;
  pressed: boolean;
  testId: string;
  swatch: ComponentChildren;
  after?: ComponentChildren;
  onToggle: (() => void) | null;
  /** What the button's title calls it. */
  says?: string;
}) {
  const words = (
    <>
      {swatch}
      <span class="legend-name">{name}</span>
      {after}
    </>
  );
  if (onToggle === null) return <span class="legend-item">{words}</span>;
  return (
    <button
      type="button"
      class="legend-item"
      aria-pressed={pressed}
      title={`${pressed ? 'Hide' : 'Show'} ${says}`}
      data-testid={testId}
      onClick={onToggle}
    >
      {words}
    </button>
  );
}

/** What the band of a line is; nothing for a figure without bands. */
export function BandNote({ figure, what }: { figure: LineFigure; what: string }) {
  const banded = figure.series.filter(({ points }) => points.some(({ low, high }) => low !== null && high !== null));
  if (banded.length === 0) return null;
  return <span class="muted">{`Band${banded.length === 1 ? '' : ' of the line under the pointer'}: ${what}`}</span>;
}
