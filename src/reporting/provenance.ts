/** Where the numbers come from: runs, checkpoints, versions. */
import type { Provenance } from '../engine/runs/provenance.js';
import type { Cell, Table } from './document.js';
import { KIND_NAMES } from './names.js';
import { nameOf, number, type Stored } from './source.js';

/** Of results that are runs. */
export function originOf({ result }: Stored): Provenance | null {
  return 'provenance' in result ? result.provenance : null;
}

export function provenanceTables(sources: readonly Stored[]): Table[] {
  return [runsTable(sources), ...checkpointsTable(sources)];
}

const instant = (text: string) => `${text.slice(0, 19).replace('T', ' ')} UTC`;

function runsTable(sources: readonly Stored[]): Table {
  return {
    id: 'runs',
    caption: 'Runs: the JSON that every number of this report is read from',
    columns: [
      { title: 'Run' },
      { title: 'Name' },
      { title: 'Analysis' },
      { title: 'Started' },
      { title: 'Finished' },
      { title: 'Frankenstein Lab' },
      { title: 'ONNX Runtime' },
      { title: 'Node.js' },
      { title: 'Machine' },
    ],
    rows: sources.map((source) => {
      const origin = originOf(source);
      return [
        source.key,
        source.name ?? '',
        KIND_NAMES[source.kind],
        ...(origin === null
          ? ['', '', '', '', '', '']
          : [
              instant(origin.startedAt),
              instant(origin.finishedAt),
              origin.engine,
              origin.onnxruntime,
              origin.node,
              origin.platform,
            ]),
      ];
    }),
  };
}

interface NamedCheckpoint {
  label: string;
  path: string;
  family: string;
  fingerprint: string;
  role?: string | null;
  dtype?: string;
  parameters?: number;
  recipe?: string | null;
  madeOf?: { summary: string } | undefined;
}

/** Each once, by its fingerprint and label. */
function checkpointsTable(sources: readonly Stored[]): Table[] {
  const rows = new Map<string, { cells: Cell[]; runs: string[]; parameters: boolean }>();
  for (const source of sources) {
    const { stages, checkpoints } = source.result as { stages?: NamedCheckpoint[]; checkpoints?: NamedCheckpoint[] };
    const [list, own] =
      stages === undefined ? (['checkpoints', checkpoints ?? []] as const) : (['stages', stages] as const);
    own.forEach(({ label, path, family, fingerprint, role, dtype, parameters, recipe, madeOf }, index) => {
      const key = `${label}/${fingerprint}`;
      const known = rows.get(key);
      const runs = [...new Set([...(known?.runs ?? []), nameOf(source)])];
      const made = (recipe ?? null) === null ? (madeOf?.summary ?? path) : 'stitched, nothing stored';
      if (known !== undefined && (known.parameters || parameters === undefined)) known.runs = runs;
      else
        rows.set(key, {
          runs,
          parameters: parameters !== undefined,
          cells: [
            label,
            role ?? '',
            family,
            dtype ?? '',
            parameters === undefined ? null : number(source, `/${list}/${index}/parameters`, 'count'),
            fingerprint.slice(0, 16),
            made,
          ],
        });
    });
  }
  if (rows.size === 0) return [];
  return [
    {
      id: 'checkpoints',
      caption:
        'Checkpoints, known again by their fingerprints (SHA-256 over names, sizes, headers and sampled bytes; ' +
        'first 16 digits)',
      columns: [
        { title: 'Checkpoint' },
        { title: 'Role' },
        { title: 'Family' },
        { title: 'Dtype' },
        { title: 'Parameters', numeric: true },
        { title: 'Fingerprint' },
        { title: 'From' },
        { title: 'Runs' },
      ],
      rows: [...rows.values()].map(({ cells, runs }) => [...cells, runs.join(', ')]),
    },
  ];
}
