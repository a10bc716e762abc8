/** Every number of a report is the stored one, in every form; and what is handed on says nothing of the machine. */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import path from 'node:path';
import { beforeAll, describe, it } from 'vitest';
import {
  addRun,
  csvRows,
  everyKind,
  filesBelow,
  type Marked,
  markedIn,
  unescaped,
  wordsOf,
  type Workspace,
} from '../../test/unit/reporting/support.js';
import { transferOf } from '../../webview/playground/evaluations.js';
import { createReport } from './createReport.js';

let workspace: Workspace;
let files: Map<string, Buffer>;
let html = '';
const PAPER = 'checkpoint,measure,value,n\nRL,vis,42,100\nin,M_rea,78.5,100\n"nobody, here",v2r,50,\n';

beforeAll(async () => {
  workspace = everyKind();
  const { folder, runsFolder, sources } = workspace;
  const paper = path.join(folder, 'table 1.csv');
  writeFileSync(paper, PAPER);
  const out = path.join(folder, 'out');
  const written = await createReport({ sources, runsFolder, out, paper });
  files = filesBelow(out);
  assert.deepEqual(written.files, [...files.keys()]);
  html = files.get('report.html')!.toString();
});

/** As another program reads it. */
function at(document: unknown, pointer: string): unknown {
  let value = document;
  for (const step of pointer.split('/').slice(1))
    value = (value as Record<string, unknown>)[step.replaceAll('~1', '/').replaceAll('~0', '~')];
  return value;
}

/** What a text of a form may stand for: the value it says, and half of its last digit. */
function said({ form, text }: Marked): { value: number; within: number; below?: true } {
  const plain = text
    .replace('−', '-')
    .replace(/^p (= |(?=<))/, '')
    .replaceAll(',', '')
    .replace(/^\+/, '');
  if (plain.startsWith('< ')) return { value: Number(plain.slice(2)), within: 0, below: true };
  const [digits = '', exponent = '0'] = plain.split('e');
  const decimals = (digits.split('.')[1] ?? '').length;
  const scale = form === 'percent' || form === 'points' ? 100 : 1;
  return { value: Number(plain) / scale, within: (0.5 * 10 ** (Number(exponent) - decimals)) / scale };
}

const Z95 = 1.959963984540054;
const Z90 = 1.6448536269514722;

function wilson(hits: number, n: number, z: number): [number, number] {
  const p = hits / n;
  const centre = (p + (z * z) / (2 * n)) / (1 + (z * z) / n);
  const reach = (z / (1 + (z * z) / n)) * Math.sqrt((p * (1 - p)) / n + (z * z) / (4 * n * n));
  return [Math.max(0, centre - reach), Math.min(1, centre + reach)];
}

/** Newcombe's method 10, from the four counts. */
function newcombe(tt: number, tf: number, ft: number, ff: number, z: number): [number, number] {
  const n = tt + tf + ft + ff;
  const [after, before] = [(tt + ft) / n, (tt + tf) / n];
  const [[la, ha], [lb, hb]] = [wilson(tt + ft, n, z), wilson(tt + tf, n, z)];
  const product = (tt + ft) * (tf + ff) * (tt + tf) * (ft + ff);
  const determinant = tt * ff - tf * ft;
  const shrunk = determinant > 0 ? Math.max(0, determinant - n / 2) : determinant;
  const phi = product === 0 ? 0 : shrunk / Math.sqrt(product);
  const root = (x: number, y: number) => Math.sqrt(Math.max(0, x * x - 2 * phi * x * y + y * y));
  return [after - before - root(after - la, hb - before), after - before + root(ha - after, before - lb)];
}

type Counts = Record<'tt' | 'tf' | 'ft' | 'ff', number>;
const counted = (value: unknown, z: number) => {
  const { tt, tf, ft, ff } = value as Counts;
  return newcombe(tt, tf, ft, ff, z);
};
interface Layer {
  deltas: ({ fro: number; floor: number } | null)[];
  shift: { low: number; high: number } | null;
  increaseLow: number;
}
const ratios = (value: unknown, delta: number) =>
  (value as Layer[]).flatMap(({ deltas }) => {
    const own = deltas[delta];
    return own && own.floor > 0 ? [own.fro / own.floor] : [];
  });

/** What each formula comes to, computed here once more. */
function recomputed(formula: string, value: unknown): number {
  const [, index] = /-([\d.]+)$/.exec(formula) ?? [];
  if (formula.startsWith('minus-')) return (value as number) - Number(index);
  if (formula.startsWith('near-floor-')) return ratios(value, Number(index)).filter((ratio) => ratio < 2).length;
  if (formula.startsWith('with-floor-')) return ratios(value, Number(index)).length;
  const shifts = () => (value as Layer[]).flatMap(({ shift }) => shift ?? []);
  switch (formula) {
    case 'length':
      return (value as unknown[]).length;
    case 'equivalence-low':
      return counted(value, Z90)[0];
    case 'equivalence-high':
      return counted(value, Z90)[1];
    case 'half-width':
      return 1 / Math.sqrt(value as number);
    case 'layers-above-zero':
      return (value as Layer[]).filter(({ increaseLow }) => increaseLow > 0).length;
    case 'shifts':
      return shifts().length;
    case 'shifts-apart':
      return shifts().filter(({ low, high }) => low > 0 || high < 0).length;
    case 'seeds':
      return new Set((value as { seed: number }[]).map(({ seed }) => seed)).size;
    case 'paper-matched':
    case 'paper-outside':
      return paperCounts()[formula];
    default:
      return assert.fail(`no formula ${formula}`);
  }
}

/** From the published numbers above and the table of them. */
function paperCounts(): Record<'paper-matched' | 'paper-outside', number> {
  const [, ...rows] = csvRows(files.get('tables/paper.csv')!.toString());
  const outside = rows.filter((row) => {
    const [low, high, published] = [row[4], row[5], row[7]].map(Number);
    return published! / 100 < low! || published! / 100 > high!;
  });
  return { 'paper-matched': rows.length, 'paper-outside': outside.length };
}

describe('numbers of a report', () => {
  it('are those of the JSON that they name', () => {
    const all = markedIn(html);
    assert.ok(all.length > 1500, `${all.length} numbers`);
    const runs = new Set(all.map(({ run }) => run));
    assert.deepEqual([...runs].sort(), [...workspace.results.keys()].sort(), 'each result has numbers in it');
    for (const one of all) {
      const stored = at(workspace.results.get(one.run), one.pointer);
      const where = `${one.run}${one.pointer} ${one.formula ?? ''}`;
      if (one.value === '') {
        assert.ok(stored === null || stored === undefined, where);
        assert.equal(one.text, '–', where);
        continue;
      }
      const value = Number(one.value);
      if (one.formula === null) assert.equal(value, stored, where);
      else assert.ok(Math.abs(value - recomputed(one.formula, stored)) < 1e-9, `${where}: ${one.value}`);
      const { value: shown, within, below } = said(one);
      if (below) assert.ok(value < shown, where);
      else assert.ok(Math.abs(shown - value) <= within * (1 + 1e-9), `${where}: ${one.text} for ${one.value}`);
    }
  });

  it('has the 95 % interval of its stored comparisons by the same formula as the 90 % one', () => {
    const { comparisons } = transferOf();
    for (const { tt, tf, ft, ff, low, high } of comparisons.slice(0, 6)) {
      const own = newcombe(tt, tf, ft, ff, Z95);
      assert.ok(Math.abs(own[0] - low) < 1e-9 && Math.abs(own[1] - high) < 1e-9);
    }
  });

  it('stand in no finding unmarked', () => {
    const findings = /<h2 id="findings">(.*?)<\/section>/s.exec(html)![1]!;
    const words = wordsOf(findings.replace(/<h3>.*?<\/h3>/gs, ''))
      // Levels of intervals and the margin of equivalence; names of layers, checkpoints and the published file.
      .replace(/9[05]\s% (interval|bootstrap)/g, '$1')
      .replace(/±5 points/g, '')
      .replace(/\(layers \d+–\d+\)/g, '')
      .replace(/table 1\.csv|cut \d+|alpha [\d.]+|checkpoint-\d+|\bstep \d+/g, '')
      .replace(/ our 95\s% interval/g, '');
    assert.deepEqual(words.match(/[^\n]*\d[^\n]*/g) ?? [], []);
  });

  it('are the same in CSV, Markdown and LaTeX', () => {
    const tables = [...html.matchAll(/<table id="table-([^"]+)">.*?<tbody>\n(.*?)\n<\/tbody>/gs)];
    assert.ok(tables.length > 20);
    for (const [, id, body] of tables) {
      const rows = body!
        .split('\n')
        .map((row) => [...row.matchAll(/<t[hd][^>]*>(.*?)<\/t[hd]>/g)].map(([, cell]) => cell!));
      const [, ...csv] = csvRows(files.get(`tables/${id}.csv`)!.toString());
      const markdown = files.get(`tables/${id}.md`)!.toString();
      const latex = files.get(`tables/${id}.tex`)!.toString();
      assert.equal(csv.length, rows.length, id);
      const md = markdown
        .split('\n')
        .filter((line) => line.startsWith('|'))
        .slice(2);
      const tex = latex
        .slice(latex.indexOf('\\midrule') + 9, latex.indexOf('    \\bottomrule'))
        .trimEnd()
        .split('\n');
      assert.deepEqual([md.length, tex.length], [rows.length, rows.length], id);
      rows.forEach((row, index) => {
        const numbers = row.flatMap((cell) => markedIn(cell));
        const values = csv[index]!.filter((cell) => cell !== '').map(String);
        for (const { value } of numbers) if (value !== '') assert.ok(values.includes(value), `${id} ${value}`);
        const texts = numbers.map(({ text }) => text);
        const has = (line: string, which: string) => {
          let from = 0;
          for (const text of texts) {
            const found = line.indexOf(text, from);
            assert.ok(found >= 0, `${id} ${which}: ${text} in ${line}`);
            from = found + text.length;
          }
        };
        has(md[index]!.replaceAll('\\', '').replaceAll('&lt;', '<'), 'md');
        has(tex[index]!.replaceAll('$-$', '−').replaceAll('--', '–').replaceAll('\\textless{}', '<'), 'tex');
      });
    }
  });
});

describe('a report', () => {
  it('needs nothing from elsewhere, and no script', () => {
    assert.doesNotMatch(html, /<script|<link|<img|<iframe|javascript:|@import/i);
    const addresses = [...html.matchAll(/\bhttps?:\/\/[^"<\s]*/g)].map(([one]) => one);
    assert.deepEqual([...new Set(addresses)], ['http://www.w3.org/2000/svg']);
    assert.match(html, /Content-Security-Policy" content="default-src 'none'; style-src 'sha256-[^']+'/);
  });

  it('is read aloud: every table has a caption, every figure a title and a description, every id is one', () => {
    const tables = html.match(/<table /g)!.length;
    assert.equal(html.match(/<caption>[^<]+<\/caption>/g)?.length, tables);
    const figures = html.match(/<figure /g)!.length;
    assert.equal(html.match(/<svg [^>]*role="img" aria-labelledby="([^" ]+) ([^" ]+)"/g)?.length, figures);
    const ids = [...html.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id!);
    assert.deepEqual(
      ids.filter((id, index) => ids.indexOf(id) !== index),
      [],
    );
    for (const [, labels] of html.matchAll(/aria-labelledby="([^"]+)"/g))
      for (const id of labels!.split(' ')) assert.ok(ids.includes(id), id);
    for (const [, id] of html.matchAll(/(?:href="#|url\(#)([^")]+)/g)) assert.ok(ids.includes(id!), id);
    const levels = [...html.matchAll(/<h([1-6])/g)].map(([, level]) => Number(level));
    assert.equal(levels.filter((level) => level === 1).length, 1);
    levels.forEach((level, index) => assert.ok(index === 0 || level <= levels[index - 1]! + 1));
  });

  it('links to files that are there', () => {
    const links = [...html.matchAll(/href="((?:figures|tables)\/[^"]+)"/g)].map(([, link]) => link!);
    assert.deepEqual(
      links.filter((link) => !files.has(link)),
      [],
    );
    assert.equal(new Set(links).size, files.size - 1);
  });

  it('has the figures of the panel as vectors: SVG, and one page of PDF', () => {
    const figures = [...files.keys()].filter((name) => name.endsWith('.pdf'));
    assert.ok(figures.length >= 15);
    for (const name of figures) {
      const pdf = files.get(name)!.toString('latin1');
      const svg = files.get(name.replace('.pdf', '.svg'))!.toString();
      const [, width, height] = /width="([\d.]+)" height="([\d.]+)"/.exec(svg)!;
      assert.match(pdf, /^%PDF-1\.\d/);
      assert.match(pdf, new RegExp(`/MediaBox \\[0 0 ${width} ${height}\\]`), name);
      assert.equal(pdf.match(/\/Type \/Page\b/g)?.length, 1, name);
      assert.doesNotMatch(pdf, /\/Subtype \/Image/, name);
      assert.match(pdf, /\/BaseFont \/[A-Z]+\+DejaVuSans/, name);
    }
  });

  it('says nothing of the folders of this machine', () => {
    for (const [name, content] of files) {
      const text = content.toString('latin1');
      for (const folder of [workspace.folder, homedir(), '/data/', '/models/'])
        assert.ok(folder.length < 2 || !text.includes(folder), `${name} names ${folder}`);
    }
  });

  it('says what is not in it, and which published numbers have no counterpart', () => {
    const limits = wordsOf(/<h2 id="limits">(.*?)<\/section>/s.exec(html)![1]!);
    assert.match(limits, /table 1\.csv has numbers that no run here measures: nobody, here \(vision to reasoning\)/);
    assert.doesNotMatch(limits, /Not in this report/);
  });

  it('is the same bytes for the same runs', async () => {
    const { folder, runsFolder, sources } = workspace;
    const again = path.join(folder, 'again');
    await createReport({ sources, runsFolder, out: again, paper: path.join(folder, 'table 1.csv') });
    const second = filesBelow(again);
    assert.deepEqual([...second.keys()], [...files.keys()]);
    for (const [name, content] of files) assert.ok(content.equals(second.get(name)!), name);
  });
});

describe('hostile texts', () => {
  it('are harmless in every form', async () => {
    const evil = '<script>alert(1)</script> $x$ 50% a_b \\input{x} |c| `d` & "q" #';
    const hostile = everyKind(
      (result) =>
        JSON.parse(JSON.stringify(result), (key, value: unknown) =>
          key === 'label' && typeof value === 'string' ? `${value} ${evil}` : value,
        ) as object,
    );
    const out = path.join(hostile.folder, 'out');
    await createReport({ ...hostile, out, title: evil });
    const all = filesBelow(out);
    const document = all.get('report.html')!.toString();
    assert.doesNotMatch(document, /<script/i);
    assert.ok(unescaped(/<h1>(.*?)<\/h1>/.exec(document)![1]!).includes(evil));
    for (const [name, content] of all) {
      const text = content.toString();
      if (name.endsWith('.svg')) assert.doesNotMatch(text, /<script/i, name);
      if (name.endsWith('.md')) assert.doesNotMatch(text, /(?<!\\)<script/, name);
      if (!name.endsWith('.tex')) continue;
      assert.doesNotMatch(text, /\\input/, name);
      const body = text.slice(text.indexOf('\\begin{tabular}'));
      // What is left without our own commands and escapes has nothing that LaTeX acts on, beyond columns and rows.
      const bare = body
        .replace(/\$(-|\\rightarrow|\\times|\\pm|\\\||\\Delta|\\alpha|\\sigma|_i|_1)\$/g, '')
        .replace(
          /\\(textbackslash|textless|textgreater|textbar|textquotedbl|textasciicircum|textasciitilde|ldots)\{\}/g,
          '',
        )
        .replace(/\\[{}$&#%_]/g, '')
        .replace(/\\(begin|end)\{\w+\}(\{[lr]+\})?|\\(toprule|midrule|bottomrule|par|smallskip|footnotesize)|\\\\/g, '')
        .replace(/^ {4}\{\}/gm, '')
        .replaceAll(' & ', '');
      assert.doesNotMatch(bare, /[\\{}$&#%_^~]/, name);
    }
  });
});

describe('what cannot be reported', () => {
  const request = () => ({ sources: workspace.sources.slice(0, 1), runsFolder: workspace.runsFolder });
  const fails = (own: object, code: string, sentence: RegExp) =>
    assert.rejects(createReport({ ...request(), out: path.join(workspace.folder, 'none'), ...own }), (error: Error) => {
      assert.equal((error as { code?: string }).code, code);
      assert.match(error.message, sentence);
      return true;
    });

  it('is refused in a sentence, and nothing is written', async () => {
    const { folder, runsFolder } = workspace;
    const put = (name: string, content: string) => {
      writeFileSync(path.join(folder, name), content);
      return path.join(folder, name);
    };
    mkdirSync(path.join(runsFolder, 'runs', 'f'.repeat(16)), { recursive: true });
    await fails({ sources: [] }, 'bad-request', /nothing to report/);
    await fails({ sources: ['f'.repeat(16)] }, 'not-found', /not finished/);
    await fails({ sources: ['e'.repeat(16)] }, 'not-found', /There is no run in/);
    await fails({ sources: [path.join(folder, 'gone')] }, 'not-found', /does not exist/);
    await fails({ sources: [put('other.json', '{"schema":1}')] }, 'malformed', /no result of an analysis/);
    await fails({ sources: [put('torn.json', '{"sch')] }, 'malformed', /no result of an analysis/);
    await fails({ sources: [put('new.experiment.yaml', 'parts: {}')] }, 'not-found', /has no runs here yet/);
    await fails(
      { paper: put('bad.csv', 'checkpoint,measure,value\nRL,seeing,4\n') },
      'bad-request',
      /vis, v2r, rea or accuracy/,
    );
    await fails(
      { paper: put('big.yaml', 'numbers: [{checkpoint: RL, measure: vis, value: 142}]') },
      'bad-request',
      /per cent/,
    );
    await fails({ paper: put('torn.yaml', 'numbers: [') }, 'bad-request', /published numbers/);
    assert.deepEqual(
      readdirSync(folder).filter((name) => /^none/.test(name)),
      [],
    );
  });

  it('replaces an earlier report only when told to, and nothing else ever', async () => {
    const { folder } = workspace;
    const out = path.join(folder, 'twice');
    await createReport({ ...request(), out });
    writeFileSync(path.join(out, 'mine.txt'), '');
    await fails({ out }, 'bad-request', /--force replaces it/);
    assert.ok(existsSync(path.join(out, 'mine.txt')));
    await createReport({ ...request(), out, force: true });
    assert.deepEqual(existsSync(path.join(out, 'mine.txt')), false);
    const other = path.join(folder, 'other');
    mkdirSync(other);
    writeFileSync(path.join(other, 'thesis.tex'), '');
    await fails({ out: other, force: true }, 'bad-request', /is no report/);
    assert.ok(existsSync(path.join(other, 'thesis.tex')));
  });

  it('leaves nothing behind when it is cancelled', async () => {
    const { folder } = workspace;
    const abort = new AbortController();
    const out = path.join(folder, 'cancelled');
    const progress = ({ phase }: { phase: string }) => {
      if (phase === 'Drawing figures') abort.abort();
    };
    await assert.rejects(createReport({ ...workspace, out }, { signal: abort.signal, progress }), {
      code: 'cancelled',
    });
    assert.deepEqual(
      readdirSync(folder).filter((name) => /^cancelled/.test(name)),
      [],
    );
  });
});

describe('runs of different protocols', () => {
  it('are reported together, and the report says so', async () => {
    const own: Workspace = { ...everyKind(), sources: [], results: new Map() };
    addRun(own, transferOf(), 90);
    addRun(own, { ...transferOf(), kind: 'evaluate', maxNewTokens: 7, protocol: { where: ['level>3'] } }, 91);
    const out = path.join(own.folder, 'mixed');
    await createReport({ ...own, out });
    const text = wordsOf(filesBelow(out).get('report.html')!.toString());
    assert.match(text, /measured with different protocols \(questions or prompts, new tokens\)/);
    assert.match(text, /level>3/);
    assert.match(text, /Not in this report: which layers see/);
  });
});

describe('an experiment', () => {
  it('is reported by its file: runs by their names, and what is left or failed as limits', async () => {
    const own = everyKind();
    const { createHash } = await import('node:crypto');
    const file = path.join(own.folder, 'mine.experiment.yaml');
    writeFileSync(file, 'parts: {}\n');
    const id = createHash('sha256').update(file).digest('hex').slice(0, 16);
    const folder = path.join(own.runsFolder, 'experiments', id);
    mkdirSync(folder, { recursive: true });
    const step = (name: string, more: object) => ({
      name,
      part: name,
      run: 'transfer',
      key: name,
      state: 'done',
      runId: null,
      output: null,
      message: null,
      ...more,
    });
    const transfer = [...own.results].find(([, result]) => (result as { kind?: string }).kind === 'transfer')![0];
    writeFileSync(path.join(folder, 'report-1.json'), JSON.stringify(own.results.get('report')));
    writeFileSync(
      path.join(folder, 'record.json'),
      JSON.stringify({
        schema: 1,
        file,
        startedAt: '2026-01-01T00:00:00.000Z',
        finishedAt: null,
        steps: [
          step('stitches', { runId: transfer }),
          step('frozen/report', { output: 'report-1.json' }),
          step('later', { state: 'left' }),
          step('broken', { state: 'failed', message: 'The disk is full.' }),
        ],
      }),
    );
    const out = path.join(own.folder, 'experiment');
    await createReport({ sources: [file], runsFolder: own.runsFolder, out });
    const text = wordsOf(filesBelow(out).get('report.html')!.toString());
    assert.match(text, /Report of mine/);
    assert.match(text, /Transferability test: stitches/);
    assert.match(text, /later \(transfer\) of mine\.experiment\.yaml has not been run to its end/);
    assert.match(text, /broken \(transfer\) of mine\.experiment\.yaml failed: The disk is full\./);
    assert.match(text, /frankenstein run mine\.experiment\.yaml --only stitches,frozen\/report/);
  });
});
