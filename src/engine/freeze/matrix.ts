/** The runs of an experiment from a list of what to freeze: one per item, one per layer, and always the control. */
import type { FreezeInput } from './schema.js';

export const CONTROL = 'control';

/** Stands for one run per layer; how many there are, the model says. */
export const EACH = /^each(?:\.(attention|mlp))?$/;

/** @param freeze and `only`: selectors, a run for each. Names are the selectors where those can be names of folders. */
export function runsOf(freeze: readonly string[], only: readonly string[]): FreezeInput['runs'] {
  const runs: FreezeInput['runs'] = { [CONTROL]: {} };
  const add = (name: string, run: FreezeInput['runs'][string]) => {
    let free = name;
    for (let count = 2; Object.hasOwn(runs, free); count++) free = `${name}.${count}`;
    runs[free] = run;
  };
  for (const text of freeze) add(nameOf(text, 'frozen'), { freeze: [text] });
  for (const text of only) add(`only-${nameOf(text, 'pattern')}`, { train_only: [text] });
  return runs;
}

/** `each` as the runs of all layers. */
export function expandEach(runs: FreezeInput['runs'], layers: number): FreezeInput['runs'] {
  const expanded: FreezeInput['runs'] = {};
  for (const [name, run] of Object.entries(runs)) {
    const [key, text] =
      run.freeze?.length === 1
        ? (['freeze', run.freeze[0]!] as const)
        : (['train_only', run.train_only?.[0] ?? ''] as const);
    const match = EACH.exec(text.trim());
    if (match === null) {
      expanded[name] = run;
      continue;
    }
    const part = match[1] === undefined ? '' : `.${match[1]}`;
    const width = String(layers - 1).length;
    for (let layer = 0; layer < layers; layer++) {
      const prefix = key === 'freeze' ? 'layer' : 'only-layer';
      expanded[`${prefix}-${String(layer).padStart(width, '0')}${part}`] = { [key]: [`${layer}${part}`] };
    }
  }
  return expanded;
}

function nameOf(text: string, otherwise: string): string {
  return /^[A-Za-z0-9][A-Za-z0-9+.-]{0,48}$/.test(text) ? text : otherwise;
}

/** At commas that stand outside of brackets: `early,4-7,/a{1,2}/`. */
export function splitSelectors(text: string): string[] {
  const items: string[] = [];
  let [depth, current] = [0, ''];
  for (const character of text) {
    if ('([{'.includes(character)) depth++;
    if (')]}'.includes(character)) depth--;
    if (character === ',' && depth <= 0) {
      items.push(current);
      current = '';
    } else current += character;
  }
  return [...items, current].map((item) => item.trim()).filter((item) => item !== '');
}
