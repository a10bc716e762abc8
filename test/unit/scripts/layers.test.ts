/** The engine's folders stand on each other in one order, and no file imports itself around a corner. */
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import ts from 'typescript';
import { describe, it } from 'vitest';

const ENGINE = path.resolve('src/engine');
/** From the ground up: a folder imports itself and those before it. Files beside them are named with their ending. */
const ORDER = [
  'version.ts',
  'errors.ts',
  'calls.ts',
  'report',
  'numerics',
  'onnx',
  'families',
  'topology',
  'runtime',
  'checkpoint',
  'chat',
  'tensors',
  'parquet',
  'runs',
  'statistics',
  'answers',
  'merge',
  'lineage',
  'models',
  'datasets',
  'grading',
  'analyses',
  'freeze',
  'training',
  'experiments',
  'api.ts',
  'engine.ts',
  'worker.ts',
];

const files = readdirSync(ENGINE, { recursive: true, encoding: 'utf8' })
  .filter((file) => /(?<!\.d|\.assembly|\.test)\.ts$/.test(file))
  .map((file) => file.replaceAll(path.sep, '/'));
const known = new Set(files);

/** Files of the engine that `file` imports, types and later imports too. */
function importsOf(file: string): string[] {
  const text = readFileSync(path.join(ENGINE, file), 'utf8');
  return ts.preProcessFile(text).importedFiles.flatMap(({ fileName }) => {
    const target = path.posix.join(path.posix.dirname(file), fileName).replace(/\.js$/, '.ts');
    return known.has(target) ? [target] : [];
  });
}

const imports = new Map(files.map((file) => [file, importsOf(file)]));
const folderOf = (file: string) => file.split('/')[0]!;

describe("the engine's folders", () => {
  it('are all in the order', () => {
    assert.deepEqual(
      [...new Set(files.map(folderOf))].filter((folder) => !ORDER.includes(folder)),
      [],
    );
  });

  it('import downwards only', () => {
    const backward = [...imports].flatMap(([file, targets]) =>
      targets
        .filter((target) => ORDER.indexOf(folderOf(target)) > ORDER.indexOf(folderOf(file)))
        .map((target) => `${file} → ${target}`),
    );
    assert.deepEqual(backward, []);
  });

  it('hold no circle of files', () => {
    const done = new Set<string>();
    const circleFrom = (file: string, trail: readonly string[]): string[] | undefined => {
      if (trail.includes(file)) return [...trail.slice(trail.indexOf(file)), file];
      if (done.has(file)) return undefined;
      for (const target of imports.get(file) ?? []) {
        const circle = circleFrom(target, [...trail, file]);
        if (circle !== undefined) return circle;
      }
      done.add(file);
      return undefined;
    };
    assert.deepEqual(
      files.map((file) => circleFrom(file, [])).find((circle) => circle !== undefined),
      undefined,
    );
  });
});

describe('what a report imports', () => {
  it('knows no DOM, no component and no editor', () => {
    const seen = new Set<string>();
    const strangers = new Set<string>();
    const visit = (file: string): void => {
      if (seen.has(file)) return;
      seen.add(file);
      const { importedFiles } = ts.preProcessFile(readFileSync(file, 'utf8'));
      for (const { fileName } of importedFiles) {
        const target = path.join(path.dirname(file), fileName).replace(/\.js$/, '.ts');
        if (!fileName.startsWith('.')) strangers.add(fileName);
        else if (existsSync(target)) visit(target);
        else if (existsSync(`${target}x`)) strangers.add(`${target}x`);
      }
    };
    visit(path.resolve('src/reporting/createReport.ts'));
    assert.ok([...seen].some((file) => file.endsWith(path.join('webview', 'exporters', 'linesSvg.ts'))));
    assert.deepEqual(
      [...strangers].filter((name) => /preact|vscode|\.tsx$/.test(name)),
      [],
    );
  });
});
