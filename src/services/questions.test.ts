/** What a command asks before it runs: steps with a way back, refusals in place, nothing that is known already. */
import { answers, picks } from '../../test/fixtures/vscode.js';
import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { beforeEach, describe, it } from 'vitest';
import { compareCommands } from '../commands/compare.js';
import type { ComparePanelRequest } from '../protocol/hostApi.js';
import { BACK, inSteps, pickMany, pickOne } from './screen.js';
import type { Services } from './services.js';

const choice = (label: string) => ({ label, value: label });

describe('questions', () => {
  beforeEach(() => {
    picks.length = 0;
    answers.length = 0;
  });

  it('are numbered, and Back asks the one before again', async () => {
    const given: unknown[] = [];
    const question = (name: string) => async (at: { step: number; totalSteps: number }) => {
      const answer = await pickOne({ title: name, placeholder: name, ...at }, ['a', 'b'].map(choice));
      if (answer !== BACK) given.push([name, answer]);
      return answer;
    };
    const done = inSteps([question('first'), question('second')]);
    const answer = async (how: (pick: (typeof picks)[number]) => void) => {
      await sleep(1);
      how(picks.at(-1)!);
      await sleep(1);
    };
    await answer((pick) => (pick.choose('a'), pick.accept()));
    assert.deepEqual([picks[1]!.step, picks[1]!.totalSteps, picks[1]!.buttons.length], [2, 2, 1]);
    assert.equal(picks[0]!.buttons.length, 0);
    await answer((pick) => pick.back());
    await answer((pick) => (pick.choose('b'), pick.accept()));
    await answer((pick) => (pick.choose('a'), pick.accept()));
    assert.equal(await done, true);
    assert.deepEqual(given, [
      ['first', 'a'],
      ['first', 'b'],
      ['second', 'a'],
    ]);
  });

  it('a choice of several that cannot be taken is refused in place; ticks stay', async () => {
    const asked = pickMany(
      {
        title: 'Compare Lineage',
        placeholder: 'Two or more',
        refuse: (chosen) => (chosen.length < 2 ? 'Choose at least 2 checkpoints.' : undefined),
      },
      ['in', 'rl'].map(choice),
    );
    await sleep(1);
    const [pick] = picks;
    pick!.choose('in');
    pick!.accept();
    await sleep(1);
    assert.equal(pick!.placeholder, 'Choose at least 2 checkpoints.');
    assert.equal(pick!.selectedItems.length, 1);
    pick!.choose('in', 'rl');
    pick!.accept();
    assert.deepEqual(await asked, ['in', 'rl']);
  });

  it('where nothing was found there is Browse…, and what it gives is ticked', async () => {
    const asked = pickMany(
      {
        title: 'Compare Lineage',
        placeholder: 'Two or more',
        refuse: () => undefined,
        more: [
          {
            label: 'Browse…',
            icon: 'folder-opened',
            description: 'elsewhere',
            ask: () => Promise.resolve([choice('/x/in'), choice('/x/rl')]),
          },
        ],
      },
      [],
    );
    await sleep(1);
    const [pick] = picks;
    assert.deepEqual(
      pick!.items.map(({ label }) => label),
      ['$(folder-opened) Browse…'],
    );
    pick!.choose('Browse…');
    pick!.hide(); // the dialog takes its place
    await sleep(1);
    assert.equal(pick!.shows, 2);
    pick!.accept();
    assert.deepEqual(await asked, ['/x/in', '/x/rl']);
  });

  it('a lineage that is selected in the explorer is compared in the guessed order, by the own names', async () => {
    const compared: ComparePanelRequest[] = [];
    const services = {
      engine: {
        guessOrder: () => Promise.resolve({ order: [1, 0], labels: [], roles: [], reason: 'Ordered by name.' }),
      },
      panels: { open: (request: ComparePanelRequest) => compared.push(request) },
    } as unknown as Services;
    await compareCommands['frankenstein.compareLineage'](services, ['/m/rl-frozen-mid', '/m/in']);
    assert.equal(picks.length, 0);
    assert.deepEqual(compared, [
      {
        kind: 'compare',
        stages: [
          { path: '/m/in', label: 'in' },
          { path: '/m/rl-frozen-mid', label: 'rl-frozen-mid' },
        ],
      },
    ]);
  });
});
