/** The manifest against the code: what it promises exists, and what exists is promised. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, it } from 'vitest';
import { COMMAND_IDS } from './ids.js';

const root = path.resolve('.');
const text = readFileSync(path.join(root, 'package.json'), 'utf8');

interface MenuItem {
  command?: string;
  submenu?: string;
  when?: string;
}
interface Manifest {
  icon: string;
  extensionKind: string[];
  activationEvents: string[];
  capabilities: {
    untrustedWorkspaces: { supported: string; description: string; restrictedConfigurations: string[] };
    virtualWorkspaces: { supported: boolean; description: string };
  };
  contributes: {
    commands: { command: string; title: string; category: string }[];
    submenus: { id: string }[];
    menus: Record<string, MenuItem[]>;
    views: Record<string, { id: string }[]>;
    configuration: { properties: Record<string, { markdownDescription?: string; scope?: string; default?: unknown }> };
    walkthroughs: { steps: { description: string; media: { svg: string; altText: string } }[] }[];
    viewsWelcome: { contents: string }[];
  };
}
const manifest = JSON.parse(text) as Manifest;
const nls = JSON.parse(readFileSync(path.join(root, 'package.nls.json'), 'utf8')) as Record<string, string>;
const { contributes } = manifest;

describe('manifest', () => {
  it('offers the commands that are registered, each once', () => {
    assert.deepEqual(contributes.commands.map(({ command }) => command).sort(), [...COMMAND_IDS].sort());
  });

  it('every command has the category and its title in package.nls.json', () => {
    for (const { command, title, category } of contributes.commands) {
      assert.match(title, /^%.+%$/, command);
      assert.equal(category, '%category%', command);
    }
    assert.equal(nls['category'], 'Frankenstein');
  });

  it('has every string it names, and names every string it has', () => {
    const used = [...text.matchAll(/"%([^%"]+)%"/g)].map(([, key]) => key!);
    assert.deepEqual([...new Set(used)].sort(), Object.keys(nls).sort());
  });

  it('menus name commands and submenus that exist', () => {
    const submenus = contributes.submenus.map(({ id }) => id);
    for (const [menu, items] of Object.entries(contributes.menus)) {
      for (const { command, submenu } of items) {
        assert.ok(command === undefined || (COMMAND_IDS as readonly string[]).includes(command), `${menu}: ${command}`);
        assert.ok(submenu === undefined || submenus.includes(submenu), `${menu}: ${submenu}`);
      }
    }
    for (const id of submenus) assert.ok(contributes.menus[id]?.length, `${id} is empty`);
  });

  it('folders, files and recipes have the same submenu in the explorer', () => {
    const items = contributes.menus['explorer/context']!;
    assert.deepEqual(
      items.map(({ submenu, command }) => submenu ?? command),
      [
        'frankenstein.checkpoint',
        'frankenstein.trajectory',
        'frankenstein.watchTraining',
        'frankenstein.experiment',
        'frankenstein.runExperiment',
        'frankenstein.planExperiment',
        'frankenstein.createReport',
      ],
    );
    // A folder of a training's steps, or of its logs, is no checkpoint.
    assert.ok(items[1]!.when!.includes('resourcePath in frankenstein.stepFolders'));
    for (const part of ['explorerResourceIsFolder &&', 'resourceExtname == .safetensors', 'frank'])
      assert.ok(items[0]!.when!.includes(part), part);
    const inTree = contributes.menus['view/item/context']!.filter(({ when = '' }) => when.includes('checkpoint'));
    const offered = contributes.menus['frankenstein.checkpoint']!.map(({ command }) => command);
    for (const { command } of inTree)
      if (!/Run|cancel/.test(command!)) assert.ok(offered.includes(command), `${command} is in the tree alone`);
  });

  it('links in welcome texts and the walkthrough lead to commands that exist', () => {
    for (const [key, value] of Object.entries(nls)) {
      for (const [, command] of value.matchAll(/\(command:([\w.]+)\)/g)) {
        const known =
          (COMMAND_IDS as readonly string[]).includes(command!) ||
          command!.startsWith('vscode.') ||
          Object.values(contributes.views)
            .flat()
            .some(({ id }) => `${id}.focus` === command);
        assert.ok(known, `${key}: ${command}`);
      }
    }
  });

  it('what needs an argument is not in the palette; what may lack its moment has a condition', () => {
    const palette = new Map(contributes.menus['commandPalette']!.map(({ command, when }) => [command, when]));
    for (const id of ['inline.open', 'inline.pin', 'inline.unpin'])
      assert.equal(palette.get(`frankenstein.${id}`), 'false');
    for (const id of ['compareWithSelected', 'cancel', 'retry', 'changeOrder'])
      assert.ok(palette.get(`frankenstein.${id}`), id);
    for (const id of ['selectForCompare', 'compareWith', 'compareLineage', 'inspect'])
      assert.equal(palette.has(`frankenstein.${id}`), false, `${id} is always there`);
  });

  it('menus know the context keys that the host sets, and no others', () => {
    const known = [
      'checkpointFolders',
      'trainingFolders',
      'stepFolders',
      'foldersUnknown',
      'hasSelected',
      'selectedPaths',
      'running',
      'panelState',
      'panelHasRun',
      'panelKind',
    ];
    const views = Object.values(contributes.views)
      .flat()
      .map(({ id }) => id);
    for (const { when = '' } of Object.values(contributes.menus).flat()) {
      for (const [, key] of when.replace(/'[^']*'|\/[^/]+\/|== [\w.]+/g, '').matchAll(/frankenstein\.(\w+)/g))
        assert.ok(known.includes(key!) || views.includes(`frankenstein.${key}`), key);
    }
  });

  it('every setting is described, has a scope and a default', () => {
    for (const [name, setting] of Object.entries(contributes.configuration.properties)) {
      assert.match(name, /^frankenstein\./);
      assert.match(setting.markdownDescription ?? '', /^%.+%$/, name);
      assert.ok(setting.scope, name);
      assert.ok('default' in setting, name);
    }
  });

  it('images exist and have words beside them', () => {
    const images = contributes.walkthroughs.flatMap(({ steps }) => steps.map(({ media }) => media));
    for (const { svg, altText } of images) {
      assert.ok(existsSync(path.join(root, svg)), svg);
      assert.ok(altText);
    }
    assert.ok(existsSync(path.join(root, manifest.icon)));
  });

  it('declares where it runs and how far it is trusted; starts for nothing of every window', () => {
    assert.deepEqual(manifest.extensionKind, ['workspace']);
    assert.equal(manifest.capabilities.untrustedWorkspaces.supported, 'limited');
    assert.equal(manifest.capabilities.virtualWorkspaces.supported, false);
    // A folder that is not trusted sets nothing that costs memory or writes.
    assert.deepEqual(manifest.capabilities.untrustedWorkspaces.restrictedConfigurations.sort(), [
      'frankenstein.memoryBudget',
      'frankenstein.runsFolder',
      'frankenstein.threads',
    ]);
    assert.ok(!manifest.activationEvents.some((event) => event === '*' || event === 'onStartupFinished'));
  });
});
