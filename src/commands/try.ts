/** Try Checkpoint…: a panel with a prompt, an image, and the answers of one checkpoint or two beside each other. */
import { labelOf, labelsOf } from '../services/checkpointPath.js';
import { BACK, pickOne } from '../services/screen.js';
import type { Services } from '../services/services.js';
import { checkpointsFrom } from './arguments.js';
import { checkpointInHand, pickCheckpoint } from './pick.js';

const TITLE = 'Try Checkpoint';

export const tryCommands = {
  async 'frankenstein.try'(services: Services, ...args: unknown[]) {
    const given = checkpointsFrom(args).slice(0, 2);
    const first =
      given[0] ??
      checkpointInHand() ??
      (await pickCheckpoint(services, { title: TITLE, placeholder: 'Which checkpoint?', endpoints: true }));
    if (first === undefined) return;
    const second = given[1] ?? (await pickSecond(services, first));
    if (second === undefined) return;
    const paths = second === '' ? [first] : [first, second];
    const labels = labelsOf(paths);
    services.panels.open({ kind: 'try', checkpoints: paths.map((path, at) => ({ path, label: labels[at]! })) });
  },
};

/** Empty: this one alone. Undefined when dismissed. */
async function pickSecond(services: Services, first: string): Promise<string | undefined> {
  const choice = await pickOne({ title: TITLE, placeholder: 'One checkpoint, or two side by side' }, [
    { label: labelOf(first), icon: 'comment', description: 'alone', value: 'alone' },
    {
      label: 'Beside another checkpoint…',
      icon: 'split-horizontal',
      description: 'both are asked the same',
      value: 'two',
    },
  ]);
  if (choice === undefined || choice === BACK) return undefined;
  return choice === 'two'
    ? pickCheckpoint(services, {
        title: TITLE,
        placeholder: `Try ${labelOf(first)} beside…`,
        exclude: [first],
        endpoints: true,
      })
    : '';
}
