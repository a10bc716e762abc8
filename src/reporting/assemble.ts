/** The whole report of some results. Plain data in, plain data out: the same results give the same report. */
import { mapTexts, pathsIn, withoutFolders } from './anonymous.js';
import { commandOf } from './commands.js';
import type { Report, Section } from './document.js';
import { KIND_NAMES, slug } from './names.js';
import { type Paper, paperSection } from './paper.js';
import { protocolDifferences, protocolTables } from './protocol.js';
import { originOf, provenanceTables } from './provenance.js';
import { say, type Sentence } from './quantity.js';
import type { Found } from './read.js';
import { abilitiesSection } from './sections/abilities.js';
import { attentionSection } from './sections/attention.js';
import { freezeSection, verificationSection } from './sections/freezing.js';
import { skipSections, swapSections } from './sections/localization.js';
import { spectraSection } from './sections/spectra.js';
import { trajectorySection } from './sections/trajectory.js';
import { updatesSection } from './sections/updates.js';
import { type Kind, nameOf, ofKind, type Stored } from './source.js';

/** @param title by what it holds when left out */
export function assemble({ sources, experiments, unfinished }: Found, title?: string, paper?: Paper): Report {
  const beside = paper === undefined ? undefined : paperSection(paper, sources);
  const sections = [...sectionsOf(sources), ...(beside?.section ? [beside.section] : [])];
  const report: Report = {
    title: title ?? titleOf(sources, experiments),
    subtitle: `${sources.length} ${sources.length === 1 ? 'result' : 'results'}: ${summaryOf(sources)}`,
    date: sources.reduce((latest, source) => later(latest, originOf(source)?.finishedAt), ''),
    sections,
    protocol: protocolTables(sources),
    limits: [
      ...unfinished,
      ...protocolDifferences(sources),
      ...(beside?.limits ?? []),
      ...unmeasured(sources),
      ...sections.flatMap(({ limits }) => limits),
      ...warningsOf(sources),
    ],
    provenance: provenanceTables(sources),
    commands: [
      ...experiments.map(({ file, steps }) => `frankenstein run ${file} --only ${steps.join(',')}`),
      ...sources.flatMap((source) => commandOf(source) ?? []),
    ],
  };
  const known = pathsIn(sources);
  return mapTexts(report, (text) => withoutFolders(text, known));
}

const later = (a: string, b = '') => (b > a ? b : a);

function titleOf(sources: readonly Stored[], experiments: Found['experiments']): string {
  const [experiment] = experiments;
  if (experiment !== undefined) return `Report of ${experiment.file.replace(/\.experiment\.ya?ml$/i, '')}`;
  const [only, second] = sources;
  return second === undefined ? `${KIND_NAMES[only!.kind]}: ${nameOf(only!)}` : 'Report of Frankenstein Lab';
}

function summaryOf(sources: readonly Stored[]): string {
  return ORDER.flatMap((kind) => {
    const { length } = ofKind(sources, kind);
    return length === 0 ? [] : [`${KIND_NAMES[kind].toLowerCase()}${length === 1 ? '' : ` (${length})`}`];
  }).join(', ');
}

/** As the paper goes: where functions are, what training changed, what transfers, what is necessary. */
const ORDER: readonly Kind[] = [
  'swap',
  'skip',
  'attention',
  'compare',
  'spectrum',
  'trajectory',
  'evaluate',
  'transfer',
  'sweep',
  'freeze',
  'verification',
];

function sectionsOf(sources: readonly Stored[]): Section[] {
  const each = <K extends Kind>(kind: K, make: (source: Stored<K>, id: string) => Section, name: string): Section[] => {
    const own = ofKind(sources, kind);
    return own.map((source, index) => make(source, own.length === 1 ? name : `${name}-${index + 1}`));
  };
  return [
    ...swapSections(ofKind(sources, 'swap')),
    ...skipSections(ofKind(sources, 'skip')),
    ...each('attention', attentionSection, 'attention'),
    ...each('compare', updatesSection, 'updates'),
    ...each('spectrum', spectraSection, 'spectra'),
    ...each('trajectory', trajectorySection, 'trajectory'),
    ...each('evaluate', abilitiesSection, 'abilities'),
    ...each('transfer', abilitiesSection, 'transfer'),
    ...each('sweep', abilitiesSection, 'sweep'),
    ...each('freeze', freezeSection, 'freezing'),
    ...each('verification', verificationSection, 'frozen'),
  ].map((section) => ({ ...section, id: slug(section.id) }));
}

/** What the whole argument would need, and is not here. */
const PARTS: readonly (readonly [readonly Kind[], string])[] = [
  [['swap'], 'which layers see (visual-token swap)'],
  [['skip'], 'which layers reason (layer skip)'],
  [['attention'], 'attention from reasoning to vision'],
  [['compare'], 'how far the weights moved'],
  [['spectrum'], 'in how many directions they moved'],
  [['evaluate', 'transfer', 'sweep', 'freeze'], 'abilities of the checkpoints'],
  [['transfer', 'sweep'], 'what transfers by region'],
  [['freeze'], 'which regions are necessary (frozen trainings)'],
];

function unmeasured(sources: readonly Stored[]): Sentence[] {
  const missing = PARTS.filter(([kinds]) => !sources.some(({ kind }) => kinds.includes(kind))).map(([, what]) => what);
  return missing.length === 0 ? [] : [say`Not in this report: ${missing.join('; ')}.`];
}

/** What the runs themselves warned of; the same words once. */
function warningsOf(sources: readonly Stored[]): Sentence[] {
  const said = new Map<string, string[]>();
  const add = (text: string, source: Stored) => said.set(text, [...(said.get(text) ?? []), nameOf(source)]);
  for (const source of sources) {
    if (source.kind === 'verification')
      for (const { verification } of (source as Stored<'verification'>).result.runs)
        for (const text of verification?.warnings ?? []) add(text, source);
    else for (const text of (source as Stored<Exclude<Kind, 'verification'>>).result.warnings) add(text, source);
  }
  return [...said].map(([text, names]) => say`${[...new Set(names)].join(', ')}: ${text}`);
}
