// The packaged extension as a user gets it: installed from the VSIX into a workbench that
// has never seen it.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { packagedVsix, root, temporaryWorkspace, useWorkbench } from '../workbench';

const MEGABYTE = 1024 * 1024;

describe('the installed extension', () => {
  const lab = useWorkbench(() => ({ workspace: temporaryWorkspace(), vsix: packagedVsix() }), { theme: 'dark' });

  it('is small enough to download', () => {
    assert.ok(fs.statSync(packagedVsix()).size < 30 * MEGABYTE);
  });

  it('offers its commands in the palette of an empty workspace', async () => {
    const titles = await lab.page.paletteTitles('Frankenstein:');
    assert.ok(
      titles.some((title) => title.startsWith('Frankenstein: ')),
      `the palette offers ${titles.join(', ')}`,
    );
  });

  it('has its texts filled in', () => {
    const [folder] = fs
      .readdirSync(lab.workbench.server.extensionsDir)
      .filter((name) => name.startsWith('frankenstein-lab'));
    assert.ok(folder);
    const installed = path.join(lab.workbench.server.extensionsDir, folder);
    const used = new Set(fs.readFileSync(path.join(installed, 'package.json'), 'utf8').match(/(?<="%)[\w.-]+(?=%")/g));
    const texts = JSON.parse(fs.readFileSync(path.join(installed, 'package.nls.json'), 'utf8')) as Record<
      string,
      string
    >;
    assert.deepEqual(
      [...used].filter((key) => !texts[key]),
      [],
    );
    assert.ok(fs.existsSync(path.join(root, 'package.nls.json')));
  });

  it('asks for nothing outside this machine', () => {
    lab.workbench.assertNoForeignRequests();
    assert.deepEqual(lab.page.cspViolations, []);
  });
});
