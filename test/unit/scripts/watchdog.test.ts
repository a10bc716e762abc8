import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { afterEach, describe, it } from 'vitest';
import { cpuSeconds, watchdog } from '../../../scripts/watchdog.mjs';

const MINUTE = { interval: 60_000 };

/** What a watchdog says after each look; `cpu` in seconds. */
function verdicts(looks: readonly { cpu: number | undefined; marker: string }[]): string[] {
  const judge = watchdog(MINUTE);
  return looks.map(judge);
}

describe('the watchdog of a suite', () => {
  const minutes = (count: number, look: (minute: number) => { cpu: number | undefined; marker: string }) =>
    Array.from({ length: count }, (_, minute) => look(minute));

  it('ends what neither ends a test nor uses the processor for ten minutes', () => {
    const said = verdicts(minutes(12, (minute) => ({ cpu: 100 + minute, marker: 'a' })));
    assert.equal(said[9], '');
    assert.equal(said[10], 'stood still for 10 minutes');
  });

  it('waits for hours where tests end, however little the process gets of a busy machine', () => {
    assert.deepEqual(
      new Set(verdicts(minutes(600, (minute) => ({ cpu: 0, marker: String(minute >> 3) })))),
      new Set(['']),
    );
  });

  it('lets one slow test work, and ends one that only goes round in circles', () => {
    const slow = verdicts(minutes(120, (minute) => ({ cpu: 10 * minute, marker: 'a' })));
    assert.deepEqual(new Set(slow), new Set(['']));
    const round = verdicts(minutes(32, (minute) => ({ cpu: 60 * minute, marker: 'a' })));
    assert.equal(round[30], '');
    assert.match(round[31]!, /^used 30 minutes of processor time/);
  });

  it('is not misled when a process ends and takes its time with it', () => {
    const said = verdicts(minutes(40, (minute) => ({ cpu: minute % 2 === 0 ? 500 : 10, marker: 'a' })));
    assert.equal(said[11], 'stood still for 10 minutes');
  });

  it('counts from the last step of the tests, and not what one look missed', () => {
    const steps = verdicts(minutes(120, (minute) => ({ cpu: 60 * minute, marker: String(minute >> 4) })));
    assert.deepEqual(new Set(steps), new Set(['']));
    const missed = verdicts([
      { cpu: 1900, marker: 'a' },
      { cpu: 5, marker: 'b' },
      { cpu: 1900, marker: 'b' },
    ]);
    assert.deepEqual(missed, ['', '', '']);
  });

  it('goes by the tests alone where processor time cannot be told', () => {
    const said = verdicts(minutes(11, () => ({ cpu: undefined, marker: 'a' })));
    assert.equal(said[10], 'stood still for 10 minutes');
  });
});

describe('processor time of a process', () => {
  let child: ChildProcess | undefined;
  afterEach(() => child?.kill('SIGKILL'));

  it('covers what its children use', async () => {
    const code = `require('child_process').spawn(process.execPath, ['-e', 'process.on("disconnect", process.exit); for (let i = 0; ; i++) if (i % 5e7 === 0) i = 0'], { stdio: ['ignore', 'ignore', 'ignore'] });
      process.stdin.on('end', () => process.exit()).resume();`;
    child = spawn(process.execPath, ['-e', code], { detached: true, stdio: ['pipe', 'ignore', 'inherit'] });
    const group = child.pid!;
    try {
      while (cpuSeconds(group)! < 2) await new Promise((resolve) => setTimeout(resolve, 50));
    } finally {
      process.kill(-group, 'SIGKILL');
    }
  });
});
