/** Runs as they are shown: the logs of one run put together. */
import { nameSeries } from './series.js';
import { OWN, type CompletionPlace, type Source } from './sources.js';
import type { Stream, StreamPoint } from './stream.js';
import type { TrainingRun, TrainingSeries } from './result.js';
import { thinned, type Point } from './thin.js';

/** A log, and the run that its own stream and its completions belong to. */
export interface Placed {
  source: Source;
  run: string;
  folder: string;
}

interface Gathered {
  name: string;
  folder: string;
  formats: Set<string>;
  streams: { stream: Stream; live: boolean }[];
  completions: Map<number, readonly CompletionPlace[]>;
}

/** @param points most points per series */
export function assembleRuns(placed: readonly Placed[], points = Infinity): TrainingRun[] {
  return [...gather(placed).values()]
    .sort((a, b) => a.name.localeCompare(b.name, 'en', { numeric: true }))
    .map((one) => runOf(one, points));
}

/** Where the completions of a run lie, by step; undefined where there is no such run. */
export function completionsOf(
  placed: readonly Placed[],
  run: string,
): ReadonlyMap<number, readonly CompletionPlace[]> | undefined {
  return gather(placed).get(run)?.completions;
}

function gather(placed: readonly Placed[]): Map<string, Gathered> {
  const runs = new Map<string, Gathered>();
  const at = (name: string, folder: string, format: string): Gathered => {
    const known = runs.get(name) ?? { name, folder, formats: new Set(), streams: [], completions: new Map() };
    runs.set(name, known);
    known.formats.add(format);
    return known;
  };
  for (const { source, run, folder } of placed)
    for (const [own, stream] of source.streams) {
      if (stream.records === 0) continue;
      const name = own === OWN ? run : freeName(runs, own, run, source.file);
      at(name, own === OWN ? folder : source.file, source.format).streams.push({
        stream,
        live: source.format !== 'trainer_state.json',
      });
    }
  for (const { source, run, folder } of placed) {
    if (source.completions.size === 0) continue;
    const known = at(homeOf(runs, run, folder), folder, source.format);
    for (const [step, places] of source.completions) known.completions.set(step, places);
  }
  return runs;
}

/** A database names its runs itself; where a folder has that name, the folder of the database comes before it. */
function freeName(runs: ReadonlyMap<string, Gathered>, own: string, run: string, file: string): string {
  const other = runs.get(own);
  return other === undefined || other.folder === file ? own : `${run}/${own}`;
}

/** Completions that lie apart from the log belong to the only run with a log in their folder or the nearest above. */
function homeOf(runs: ReadonlyMap<string, Gathered>, run: string, folder: string): string {
  if (runs.has(run)) return run;
  const parts = folder.split(/[\\/]/);
  for (let length = parts.length; length > 1; length--) {
    const above = parts.slice(0, length).join('/');
    const near = [...runs.values()].filter(
      (one) => one.streams.length > 0 && `${one.folder.replaceAll('\\', '/')}/`.startsWith(`${above}/`),
    );
    if (near.length === 1) return near[0]!.name;
    if (near.length > 1) return run;
  }
  return run;
}

function runOf({ name, folder, formats, streams, completions }: Gathered, most: number): TrainingRun {
  // A checkpoint's history is of its moment; a log that grows knows more. Of two of a kind, the one that went further.
  const ordered = streams.toSorted(
    (a, b) => Number(a.live) - Number(b.live) || (a.stream.lastStep ?? 0) - (b.stream.lastStep ?? 0),
  );
  const sources = [...new Set(ordered.toReversed().flatMap(({ stream }) => stream.sources))];
  return {
    name,
    folder,
    formats: [...formats],
    lastStep: ordered.at(-1)?.stream.lastStep ?? null,
    series: nameSeries(sources).map((named) => ({ ...named, ...valuesOf(named.source, ordered, most) })),
    seams: [...new Set(ordered.flatMap(({ stream }) => stream.seams))].sort((a, b) => a - b),
    completions: [...completions.keys()].sort((a, b) => a - b),
  };
}

function valuesOf(
  source: string,
  streams: readonly { stream: Stream }[],
  most: number,
): Pick<TrainingSeries, 'total' | 'gaps' | 'points' | 'earlier' | 'last'> {
  const merged = new Map<number, StreamPoint>();
  for (const { stream } of streams) for (const [step, point] of stream.points(source)) merged.set(step, point);
  const points = [...merged].map(([step, { value }]): Point => [step, value]).sort((a, b) => a[0] - b[0]);
  const drawn = thinned(points, most);
  return {
    total: points.length,
    gaps: points.filter(([, value]) => value === null).length,
    points: drawn,
    earlier: drawn.map(([step]) => step).filter((step) => merged.get(step)!.earlier),
    last: points.findLast(([step, value]) => value !== null && !merged.get(step)!.earlier)?.[1] ?? null,
  };
}
