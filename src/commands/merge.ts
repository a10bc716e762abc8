/** New Merge Experiment…, Export Merged Checkpoint…, and a recipe as mergekit writes it. */
import path from 'node:path';
import * as vscode from 'vscode';
import { isCancelled } from '../services/errors.js';
import { bytesText, progressText } from '../services/progressText.js';
import { BACK, askText, checkedBox, pickOne, showInformation, withProgress, type Answer } from '../services/screen.js';
import type { Services } from '../services/services.js';
import { readSettings } from '../services/settings.js';
import { checkpointsFrom, pathsFrom } from './arguments.js';
import { pickCheckpoints, type Stage } from './pick.js';

const TITLE = 'New Merge Experiment';

export const mergeCommands = {
  async 'frankenstein.newMerge'(services: Services, ...args: unknown[]) {
    const stages = await pickCheckpoints(
      services,
      { title: TITLE, placeholder: 'The checkpoints to merge, in the order of their training', least: 2 },
      checkpointsFrom(args),
    );
    if (stages === undefined || stages === BACK) return;
    const kind = await pickKind(stages);
    if (kind === undefined) return;
    const body =
      kind === 'stitch'
        ? await stitchBody(services, stages)
        : kind === 'interpolate'
          ? await interpolationBody(services, stages)
          : await methodBody(stages);
    if (body === undefined) return;
    await openRecipe(stages, body);
  },

  async 'frankenstein.exportMerged'(services: Services, ...args: unknown[]) {
    const recipe = recipeFrom(args) ?? (await pickRecipe(services));
    if (recipe === undefined) return;
    await saved(recipe);
    const name = path.basename(recipe.fsPath).replace(/(?:\.frank)?\.ya?ml$/i, '');
    const target = await vscode.window.showSaveDialog({
      title: 'Export Merged Checkpoint: a new folder',
      saveLabel: 'Export',
      defaultUri: vscode.Uri.joinPath(recipe, '..', name),
    });
    if (target === undefined) return;
    const { memory, threads } = readSettings();
    const result = await withProgress(`Exporting ${name}`, 'notification', async (report, signal) => {
      try {
        return await services.engine.exportMerged(
          { checkpoint: { path: recipe.fsPath }, out: target.fsPath, memory, threads },
          { signal, progress: (progress) => report(progressText(progress, 'long')) },
        );
      } catch (error) {
        if (isCancelled(error)) return undefined;
        throw error;
      }
    });
    if (result === undefined) return;
    services.discovery.refresh();
    const choice = await showInformation(
      `${path.basename(result.out)}: ${result.tensors.toLocaleString('en')} tensors, ` +
        `${bytesText(result.bytes)} written.`,
      'Show Model Card',
    );
    if (choice !== undefined)
      await vscode.commands.executeCommand(
        'markdown.showPreview',
        vscode.Uri.joinPath(vscode.Uri.file(result.out), 'README.md'),
      );
  },

  async 'frankenstein.mergekitFormat'(services: Services, ...args: unknown[]) {
    const recipe = recipeFrom(args);
    if (recipe === undefined) throw new Error('Open a recipe (.frank.yaml) first, or start from its lens.');
    const document = await vscode.workspace.openTextDocument(recipe);
    const config = await services.engine.mergekitFormat({ file: recipe.fsPath, text: document.getText() });
    if (config.text === undefined) throw new Error(`mergekit cannot make this: ${config.refusals.join(' ')}`);
    const notes = config.notes.map((note) => `# ${note}\n`).join('');
    await vscode.window.showTextDocument(
      await vscode.workspace.openTextDocument({ language: 'yaml', content: notes + config.text }),
      { viewColumn: vscode.ViewColumn.Beside },
    );
  },
};

function recipeFrom(args: unknown[]): vscode.Uri | undefined {
  const [given] = pathsFrom(args);
  const { activeTextEditor } = vscode.window;
  const uri = given !== undefined ? vscode.Uri.file(given) : activeTextEditor?.document.uri;
  return uri !== undefined && /\.ya?ml$/i.test(uri.fsPath) ? uri : undefined;
}

/** One of those in the workspace; undefined when dismissed. */
async function pickRecipe({ discovery }: Services): Promise<vscode.Uri | undefined> {
  const recipes = (await discovery.list()).filter(({ family }) => family === 'recipe');
  if (recipes.length === 0)
    throw new Error('There is no recipe (.frank.yaml) here yet: New Merge Experiment… makes one.');
  const picked = await pickOne(
    { title: 'Export Merged Checkpoint', placeholder: 'Which recipe?' },
    recipes.map((one) => ({ label: one.label, detail: one.path, value: one.path })),
  );
  return typeof picked === 'string' ? vscode.Uri.file(picked) : undefined;
}

/** The engine reads files: what is on screen goes to disk first. */
async function saved(recipe: vscode.Uri): Promise<void> {
  const document = vscode.workspace.textDocuments.find(({ uri }) => uri.toString() === recipe.toString());
  if (document?.isDirty === true && !(await document.save())) throw new Error('The recipe could not be saved.');
}

async function pickKind(stages: readonly Stage[]): Promise<'stitch' | 'interpolate' | 'method' | undefined> {
  return chosen(
    await pickOne<'stitch' | 'interpolate' | 'method'>({ title: TITLE, placeholder: 'What kind of merge?' }, [
      {
        label: 'Stitch by region',
        icon: 'layers',
        detail: 'Early, Mid and Late each from one checkpoint, as in the paper; nothing is computed',
        value: 'stitch',
      },
      {
        label: 'Interpolate',
        icon: 'settings',
        detail: '(1 − α) · A + α · B, in all layers or some, attention or MLP alone',
        value: 'interpolate',
      },
      {
        label: 'A merge method',
        icon: 'symbol-method',
        detail: `TIES, DARE, SLERP, Model Stock and the others of mergekit, over ${stages.length} checkpoints`,
        value: 'method',
      },
    ]),
  );
}

/** These questions stand alone: there is nothing to go back to. */
function chosen<T>(answer: Answer<T>): T | undefined {
  return answer === BACK ? undefined : answer;
}

/** `████ IN  ████ RL  ████ RL`: the regions as they would be, then the cuts on an image of the layers. */
async function stitchBody({ engine }: Services, stages: readonly Stage[]): Promise<string | undefined> {
  const names = rolesOf(stages);
  const [a, b] = names.slice(-2) as [string, string];
  const stitches = [
    [a, b, b],
    [a, a, b],
    [b, b, a],
    [b, a, a],
    [a, b, a],
    [b, a, b],
  ];
  const regions = chosen(
    await pickOne(
      { title: TITLE, placeholder: `Which regions from ${b} (▓), which from ${a} (░)?` },
      stitches.map((regions) => ({
        label: regions.join(':'),
        description: regions.map((name) => (name === b ? '▓▓▓▓' : '░░░░')).join(' '),
        detail:
          `Early from ${regions[0]!}, Mid from ${regions[1]!}, Late from ${regions[2]!}; ` +
          `everything else from ${regions[0]!}`,
        value: regions,
      })),
    ),
  );
  if (regions === undefined) return undefined;
  const { layers } = await engine.inspect({ path: stages.at(-1)!.path });
  const cuts = await askCuts(layers, regions);
  if (cuts === undefined) return undefined;
  const [early, mid, late] = regions;
  return (
    `# Early: layers 0–${cuts[0] - 1}, Mid: ${cuts[0]}–${cuts[1] - 1}, Late: ${cuts[1]}–${layers - 1}\n` +
    `stitch: {early: ${early!}, mid: ${mid!}, late: ${late!}, cuts: [${cuts.join(', ')}]}\n`
  );
}

/** `showInputBox` would show the image from the first key pressed on only. */
function askCuts(layers: number, regions: readonly string[]): Promise<[number, number] | undefined> {
  const box = checkedBox(`${TITLE}: first layer of Mid, first layer of Late`);
  box.value = `${Math.floor(layers / 3)}, ${Math.floor((2 * layers) / 3)}`;
  const show = () => {
    const cuts = cutsOf(box.value, layers);
    if (cuts === undefined) box.say(`Two layers from 0 to ${layers}, the second not below the first.`, 'error');
    else box.say(imageOf(cuts, layers, regions), 'info');
  };
  show();
  return box.ask(show, () => cutsOf(box.value, layers));
}

export function cutsOf(text: string, layers: number): [number, number] | undefined {
  const [, first, second] = /^\s*(\d{1,4})\s*,\s*(\d{1,4})\s*$/.exec(text) ?? [];
  const [mid, late] = [Number(first), Number(second)];
  return first !== undefined && second !== undefined && mid <= late && late <= layers ? [mid, late] : undefined;
}

/** A cell per layer: `in ████|rl ████|rl ████`. */
export function imageOf([mid, late]: [number, number], layers: number, regions: readonly string[]): string {
  return [
    [0, mid],
    [mid, late],
    [late, layers],
  ]
    .map(([from, to], region) => `${regions[region]!} ${'█'.repeat(to! - from!) || '–'}`)
    .join('  ');
}

async function interpolationBody({ engine }: Services, stages: readonly Stage[]): Promise<string | undefined> {
  const [a, b] = rolesOf(stages).slice(-2) as [string, string];
  const alpha = await askText({
    title: TITLE,
    prompt: `α: 0 is ${a}, 1 is ${b}`,
    value: '0.5',
    refuse: (text) => (text.trim() !== '' && Number.isFinite(Number(text)) ? undefined : 'A number.'),
  });
  if (alpha === undefined) return undefined;
  const { layers } = await engine.inspect({ path: stages.at(-1)!.path });
  const [mid, late] = [Math.floor(layers / 3), Math.floor((2 * layers) / 3)];
  const range = chosen(
    await pickOne({ title: TITLE, placeholder: 'Which layers are interpolated?' }, [
      { label: 'All language layers', value: '' },
      { label: `Early: 0–${mid - 1}`, value: `, layers: [0, ${mid}]` },
      { label: `Mid: ${mid}–${late - 1}`, value: `, layers: [${mid}, ${late}]` },
      { label: `Late: ${late}–${layers - 1}`, value: `, layers: [${late}, ${layers}]` },
    ]),
  );
  if (range === undefined) return undefined;
  const part = chosen(
    await pickOne({ title: TITLE, placeholder: 'What of these layers?' }, [
      { label: 'The whole layer', value: '' },
      { label: 'Attention only', value: ', part: attention' },
      { label: 'MLP only', value: ', part: mlp' },
    ]),
  );
  return part === undefined ? undefined : `interpolate: {a: ${a}, b: ${b}, alpha: ${Number(alpha)}${range}${part}}\n`;
}

/** The methods with what their files look like; parameters are the user's to change, with completion. */
const METHODS: { name: string; detail: string; parameters?: string; models?: string; base?: boolean; most?: number }[] =
  [
    {
      name: 'ties',
      detail: 'The largest differences, with an elected sign',
      models: '{weight: 1, density: 0.5}',
      base: true,
    },
    {
      name: 'dare_ties',
      detail: 'Differences dropped at random and scaled up, with an elected sign',
      models: '{weight: 1, density: 0.5}',
      base: true,
    },
    { name: 'task_arithmetic', detail: 'Weighted differences added to the base', models: '{weight: 0.5}', base: true },
    { name: 'linear', detail: 'Weighted mean', models: '{weight: 1}' },
    { name: 'slerp', detail: 'Along the arc from one model to the other', parameters: '{t: 0.5}', base: true, most: 2 },
    { name: 'model_stock', detail: 'Between the base and the mean, by the angle of their differences', base: true },
    { name: 'karcher', detail: 'The mean on the sphere' },
  ];

async function methodBody(stages: readonly Stage[]): Promise<string | undefined> {
  const names = rolesOf(stages);
  const method = chosen(
    await pickOne(
      { title: TITLE, placeholder: 'Which method? Others can be written into the recipe, with completion' },
      METHODS.filter(
        ({ most, name }) => (most ?? Infinity) >= stages.length && (name !== 'model_stock' || stages.length > 2),
      ).map((one) => ({ label: one.name, detail: one.detail, value: one })),
    ),
  );
  if (method === undefined) return undefined;
  const { name, parameters, models, base } = method;
  const others = base === true && name !== 'slerp' && name !== 'model_stock' ? names.slice(1) : names;
  return [
    `merge_method: ${name}`,
    ...(base === true ? [`base_model: ${names[0]!}`] : []),
    'models:',
    ...others.flatMap((role) => [`  - model: ${role}`, ...(models === undefined ? [] : [`    parameters: ${models}`])]),
    ...(parameters === undefined ? [] : [`parameters: ${parameters}`]),
    'dtype: bfloat16',
    '',
  ].join('\n');
}

/** Names for the recipe: base, in, rl where labels say so, plain words otherwise. */
function rolesOf(stages: readonly Stage[]): string[] {
  const words = stages.map(
    ({ label }) =>
      label
        .toLowerCase()
        .replace(/[^a-z0-9_-]+/g, '-')
        .replace(/^-+|-+$/g, '') || 'model',
  );
  return words.map((word, index) =>
    words.indexOf(word) === index && words.lastIndexOf(word) === index ? word : `${word}-${index + 1}`,
  );
}

/** A file of its own name in the workspace, opened with its lens; it is the user's to keep. */
async function openRecipe(stages: readonly Stage[], body: string): Promise<void> {
  const names = rolesOf(stages);
  const folder =
    vscode.workspace.workspaceFolders?.[0]?.uri ?? vscode.Uri.joinPath(vscode.Uri.file(stages[0]!.path), '..');
  let target: vscode.Uri;
  for (let index = 1; ; index++) {
    target = vscode.Uri.joinPath(folder, `merge${index === 1 ? '' : `-${index}`}.frank.yaml`);
    if (await isFree(target)) break;
  }
  const locations = stages.map(
    ({ path: location }, index) => `  ${names[index]!}: ${JSON.stringify(relative(folder.fsPath, location))}\n`,
  );
  await vscode.workspace.fs.writeFile(target, new TextEncoder().encode(`checkpoints:\n${locations.join('')}\n${body}`));
  await vscode.window.showTextDocument(target);
}

async function isFree(uri: vscode.Uri): Promise<boolean> {
  return Promise.resolve(vscode.workspace.fs.stat(uri)).then(
    () => false,
    () => true,
  );
}

/** Relative below the workspace and beside it; absolute elsewhere. */
function relative(folder: string, location: string): string {
  const way = path.relative(folder, location);
  return path.isAbsolute(way) || way.split(path.sep).filter((part) => part === '..').length > 2
    ? location
    : way.replaceAll(path.sep, '/');
}
