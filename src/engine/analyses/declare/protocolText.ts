/** What a result says of its protocol, and that for people. */

export interface Sampling {
  /** Answers per question. */
  answers: number;
  temperature: number;
  topP: number | null;
  topK: number | null;
  seed: number;
}

/** What a result says of its protocol. Left out is what was left out. */
export interface Protocol {
  /** Per checkpoint, where one has some. */
  system?: (string | null)[];
  prefix?: (string | null)[];
  minPixels?: number;
  maxPixels?: number;
  promptColumn?: string;
  /** Of files: SHA-256, hex. */
  mapping?: { file: string; sha256: string };
  where?: string[];
  ids?: { file: string; sha256: string; count: number };
  draw?: string;
  first?: number;
  sampling?: Sampling;
}

/**
 * Each setting with its value, for people.
 * @param labels of the checkpoints
 */
export function protocolLines(protocol: Protocol, labels: readonly string[]): [name: string, value: string][] {
  const { minPixels, maxPixels, promptColumn, mapping, where, ids, draw, first } = protocol;
  const lines: [string, string | undefined][] = [
    ...perCheckpoint('System prompt', protocol.system, labels),
    ...perCheckpoint('Prefix', protocol.prefix, labels),
    ['Image pixels', boundsText(minPixels, maxPixels)],
    ['Prompt column', promptColumn],
    ['Mapping', mapping && `${mapping.file} (SHA-256 ${mapping.sha256.slice(0, 12)}…)`],
    ['Where', where?.join(' and ')],
    ['Questions', ids && `${ids.count.toLocaleString('en')} ids of ${ids.file} (SHA-256 ${ids.sha256.slice(0, 12)}…)`],
    ['Draw', draw],
    ['Questions', first === undefined ? undefined : `the first ${first.toLocaleString('en')} of each set`],
    ['Sampling', protocol.sampling && samplingText(protocol.sampling)],
  ];
  return lines.flatMap(([name, value]) => (value === undefined ? [] : [[name, value] as [string, string]]));
}

function boundsText(least: number | undefined, most: number | undefined): string | undefined {
  const bound = (value: number) => value.toLocaleString('en');
  if (least !== undefined && most !== undefined) return `${bound(least)} to ${bound(most)}`;
  return least !== undefined ? `at least ${bound(least)}` : most === undefined ? undefined : `at most ${bound(most)}`;
}

/** `4 answers per question, temperature 0.7, top-p 0.95, seed 0` */
export function samplingText({ answers, temperature, topP, topK, seed }: Sampling): string {
  return [
    `${answers} ${answers === 1 ? 'answer' : 'answers'} per question`,
    `temperature ${temperature}`,
    ...(topP === null ? [] : [`top-p ${topP}`]),
    ...(topK === null ? [] : [`top-k ${topK}`]),
    `seed ${seed}`,
  ].join(', ');
}

/** One line where all have the same. */
function perCheckpoint(
  name: string,
  values: readonly (string | null)[] | undefined,
  labels: readonly string[],
): [string, string][] {
  if (values === undefined) return [];
  const [first] = values;
  if (first !== null && values.every((value) => value === first)) return [[name, first!]];
  return values.map((value, index) => [`${name}, ${labels[index]!}`, value ?? 'none given']);
}
