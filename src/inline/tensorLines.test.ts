import assert from 'node:assert/strict';
import { describe, it } from 'vitest';
import { TensorLines, tensorNameOf, type LineEdit } from './tensorLines.js';

const cases: [line: string, name: string | undefined][] = [
  ['    "model.layers.0.mlp.up_proj.weight": "model-00001-of-00002.safetensors",', 'model.layers.0.mlp.up_proj.weight'],
  ['\t"a":"b.safetensors"', 'a'],
  ['    "a": "b.safetensors"\r', 'a'],
  [String.raw`    "a\"b\u0041": "b.safetensors",`, 'a"bA'],
  ['    "__proto__": "b.safetensors",', '__proto__'],
  ['    "total_size": 123,', undefined],
  ['    "format": "pt"', undefined],
  ['  "weight_map": {', undefined],
  ['{"weight_map": {"a": "b.safetensors"}}', undefined],
  ['"a": "b.safetensors", "c": "d.safetensors"', undefined],
  ['    "a": "b.safetensors', undefined],
  ['    "a', undefined],
  ['    "a" "b.safetensors"', undefined],
  ['', undefined],
  ['}', undefined],
];

/** A text that is edited as VS Code edits: all changes of one event are in lines before it. */
class Text {
  constructor(public lines: string[]) {}
  lineAt = (line: number) => this.lines[line]!;
  apply(changes: { start: number; end: number; text: string[] }[]): LineEdit[] {
    for (const { start, end, text } of [...changes].sort((a, b) => b.start - a.start))
      this.lines.splice(start, end - start + 1, ...text);
    return changes.map(({ start, end, text }) => ({ startLine: start, endLine: end, lines: text.length }));
  }
}

const entry = (name: string) => `    "${name}": "model.safetensors",`;
const index = (count: number) => [
  '{',
  '  "weight_map": {',
  ...Array.from({ length: count }, (_, i) => entry(`layers.${i}.weight`)),
  '  }',
  '}',
];

function read(text: Text): TensorLines {
  const lines = new TensorLines(text.lines.length);
  while (!lines.complete) lines.advance(text.lineAt, 1000);
  return lines;
}

function names(lines: TensorLines): (string | undefined)[] {
  return Array.from({ length: lines.lineCount }, (_, line) => lines.nameAt(line));
}

describe('tensor lines of an index', () => {
  for (const [line, name] of cases)
    it(`${JSON.stringify(line)} → ${name ?? 'no tensor'}`, () => assert.equal(tensorNameOf(line), name));

  it('looks once at each of 50,000 lines, in slices', () => {
    const text = new Text(index(50_000));
    const lines = new TensorLines(text.lines.length);
    lines.advance(text.lineAt, 4000);
    assert.equal(lines.looked, 4000);
    assert.equal(lines.complete, false);
    while (!lines.complete) lines.advance(text.lineAt, 4000);
    assert.equal(lines.looked, text.lines.length);
    assert.equal(lines.nameAt(2), 'layers.0.weight');
    assert.equal(lines.nameAt(50_001), 'layers.49999.weight');
  });

  it('typing in a large index looks at the line typed in', () => {
    const text = new Text(index(50_000));
    const lines = read(text);
    const before = lines.looked;
    for (let i = 0; i < 20; i++)
      lines.edit(text.apply([{ start: 30_000, end: 30_000, text: [entry(`typed.${i}`)] }]), text.lineAt);
    assert.equal(lines.looked - before, 20);
    assert.equal(lines.nameAt(30_000), 'typed.19');
    assert.equal(lines.nameAt(30_001), 'layers.29999.weight');
  });

  it('follows lines that are added, removed and changed in several places at once', () => {
    const text = new Text(index(200));
    const lines = read(text);
    const edits = [
      { start: 150, end: 152, text: [entry('one')] },
      { start: 100, end: 100, text: [entry('x'), entry('y'), entry('z')] },
      { start: 10, end: 11, text: [''] },
    ];
    const before = lines.looked;
    lines.edit(text.apply(edits), text.lineAt);
    assert.equal(lines.looked - before, 5);
    assert.deepEqual(names(lines), names(read(text)));
  });

  it('an edit beyond what is read so far, before it, and across its end', () => {
    for (const start of [5, 48, 49, 50, 51, 120]) {
      for (const size of [0, 1, 4]) {
        const text = new Text(index(200));
        const lines = new TensorLines(text.lines.length);
        lines.advance(text.lineAt, 50);
        lines.edit(
          text.apply([{ start, end: start + 2, text: Array.from({ length: size + 1 }, (_, i) => entry(`new.${i}`)) }]),
          text.lineAt,
        );
        while (!lines.complete) lines.advance(text.lineAt, 1000);
        assert.deepEqual(names(lines), names(read(text)), `lines ${start} to ${start + 2} become ${size + 1}`);
      }
    }
  });

  it('a large paste starts the reading anew rather than block', () => {
    const text = new Text(index(10));
    const lines = read(text);
    lines.edit(text.apply([{ start: 2, end: 2, text: index(20_000) }]), text.lineAt);
    assert.equal(lines.complete, false);
    assert.equal(lines.lineCount, text.lines.length);
    while (!lines.complete) lines.advance(text.lineAt, 4000);
    assert.deepEqual(names(lines), names(read(text)));
  });
});
