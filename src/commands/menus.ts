/** Every menu of the manifest, and when its entries are there. `scripts/generate.mjs` writes this into package.json. */
import type { CommandId } from './ids.js';

interface MenuItem {
  command?: CommandId;
  submenu?: string;
  when?: string;
  group?: string;
}

const all = (...conditions: (string | undefined)[]) => conditions.filter((one) => one !== undefined).join(' && ');
const any = (...conditions: string[]) => conditions.join(' || ');
const grouped = (condition: string) => `(${condition})`;

/** What is right-clicked, in the explorer. */
const RECIPE = 'resourceFilename =~ /^(?!freeze\\.frank\\.yaml$).*\\.frank\\.ya?ml$/';
const listed = (where: string) =>
  grouped(any(`${where} in frankenstein.checkpointFolders`, 'frankenstein.foldersUnknown'));
const CHECKPOINT = any(
  grouped(all('explorerResourceIsFolder', listed('resourcePath'))),
  grouped(
    all(
      '!explorerResourceIsFolder',
      grouped(
        any(
          'resourceExtname == .safetensors',
          'resourceFilename =~ /\\.safetensors\\.index\\.json$/',
          grouped(all('resourceFilename =~ /^(adapter_)?config\\.json$/', listed('resourceDirname'))),
        ),
      ),
    ),
  ),
  RECIPE,
);
/** Folders that hold the steps of a training. */
const STEPS = all('explorerResourceIsFolder', 'resourcePath in frankenstein.stepFolders');
/** A folder that holds logs of a training, or the folder of an experiment above it. */
const TRAINING = all('explorerResourceIsFolder', 'resourcePath in frankenstein.trainingFolders');
/** The plan of a freeze experiment. */
const PLAN = 'resourceFilename == freeze.frank.yaml';
/** A whole experiment. */
const EXPERIMENT = 'resourceFilename =~ /\\.experiment\\.ya?ml$/';
const ONE = '!listMultiSelection';
const HAS_SELECTED = 'frankenstein.hasSelected';

/** Where it is right-clicked otherwise. */
const EDITED_RECIPE = 'editorLangId == frankenstein-recipe';
const EDITED_PLAN = 'editorLangId == frankenstein-freeze';
const EDITED_EXPERIMENT = 'editorLangId == frankenstein-experiment';
const PANEL = "activeWebviewPanelId == 'frankenstein.panel'";
const IN_PANEL = (condition: string) => all(PANEL, condition);
const FAILED = 'frankenstein.panelState == failed';
const COMPARES = 'frankenstein.panelKind == compare';
const LISTED_CHECKPOINT = all('view == frankenstein.checkpoints', 'viewItem == checkpoint');
const TREES = 'view =~ /^frankenstein\\.(runs|checkpoints)$/';
const RUN = (...states: string[]) => all(TREES, `viewItem =~ /^run\\.(${states.join('|')})$/`);
const INTERRUPTED_RUN = all(TREES, 'viewItem == run.interrupted');
const FINISHED_RUN = RUN('finished');
const LISTED_EXPERIMENT = all('view == frankenstein.runs', 'viewItem == experiment');
const READABLE_RUN = RUN('finished', 'interrupted');

/** What can be done with a checkpoint, in the explorer and in the tree alike. */
interface CheckpointCommand {
  command: CommandId;
  /** Group and place in it. */
  group: string;
  /** Needs exactly one. */
  one?: true;
  when?: string;
}
const OF_CHECKPOINT: readonly CheckpointCommand[] = [
  { command: 'frankenstein.selectForCompare', one: true, group: '1_compare@1' },
  { command: 'frankenstein.compareWithSelected', one: true, when: HAS_SELECTED, group: '1_compare@2' },
  { command: 'frankenstein.compareWith', one: true, group: '1_compare@3' },
  { command: 'frankenstein.compareLineage', group: '1_compare@4' },
  { command: 'frankenstein.spectrum', group: '1_compare@5' },
  { command: 'frankenstein.inspect', one: true, group: '2_inspect@1' },
  { command: 'frankenstein.showTensors', one: true, group: '2_inspect@2' },
  { command: 'frankenstein.try', group: '3_run@1' },
  { command: 'frankenstein.probe', group: '3_run@2' },
  { command: 'frankenstein.evaluate', group: '3_run@3' },
  { command: 'frankenstein.transfer', group: '3_run@4' },
  { command: 'frankenstein.sweep', group: '3_run@5' },
  { command: 'frankenstein.newMerge', group: '4_merge@1' },
  { command: 'frankenstein.newFreeze', one: true, group: '5_freeze@1' },
  { command: 'frankenstein.newExperiment', group: '6_experiment@1' },
];

/** @param place condition of the menu as a whole; the explorer's submenu has none. */
function ofCheckpoint(where: string | undefined): MenuItem[] {
  return OF_CHECKPOINT.map(({ command, group, one, when }) => {
    // The tree does not know the paths of its items.
    const selected = when === HAS_SELECTED && where === undefined;
    const other = selected ? 'resourcePath not in frankenstein.selectedPaths' : undefined;
    const condition = all(where, one && ONE, when, other);
    return { command, ...(condition === '' ? {} : { when: condition }), group };
  });
}

export const MENUS: Readonly<Record<string, readonly MenuItem[]>> = {
  'explorer/context': [
    { submenu: 'frankenstein.checkpoint', when: CHECKPOINT, group: '3_frankenstein@1' },
    { command: 'frankenstein.trajectory', when: all(ONE, STEPS), group: '3_frankenstein@2' },
    { command: 'frankenstein.watchTraining', when: TRAINING, group: '3_frankenstein@3' },
    { submenu: 'frankenstein.experiment', when: all(PLAN, ONE), group: '3_frankenstein@2' },
    { command: 'frankenstein.runExperiment', when: all(EXPERIMENT, ONE), group: '3_frankenstein@1' },
    { command: 'frankenstein.planExperiment', when: all(EXPERIMENT, ONE), group: '3_frankenstein@2' },
    { command: 'frankenstein.createReport', when: EXPERIMENT, group: '3_frankenstein@3' },
  ],
  'frankenstein.experiment': [
    { command: 'frankenstein.runFreeze', group: '1_run@1' },
    { command: 'frankenstein.verifyFrozen', group: '2_answer@1' },
    { command: 'frankenstein.freezeReport', group: '2_answer@2' },
  ],
  'frankenstein.checkpoint': [
    ...ofCheckpoint(undefined),
    { command: 'frankenstein.exportMerged', when: all(ONE, RECIPE), group: '4_merge@2' },
  ],
  commandPalette: [
    { command: 'frankenstein.compareWithSelected', when: HAS_SELECTED },
    { command: 'frankenstein.cancel', when: 'frankenstein.running' },
    { command: 'frankenstein.showProgress', when: 'frankenstein.running' },
    { command: 'frankenstein.retry', when: FAILED },
    { command: 'frankenstein.inline.open', when: 'false' },
    { command: 'frankenstein.inline.pin', when: 'false' },
    { command: 'frankenstein.inline.unpin', when: 'false' },
    { command: 'frankenstein.mergekitFormat', when: EDITED_RECIPE },
    { command: 'frankenstein.whatTrains', when: EDITED_PLAN },
    { command: 'frankenstein.cancelExperiment', when: EDITED_EXPERIMENT },
    { command: 'frankenstein.openExperimentResult', when: EDITED_EXPERIMENT },
    { command: 'frankenstein.changeOrder', when: COMPARES },
  ],
  'editor/title': [
    { command: 'frankenstein.cancel', when: IN_PANEL('frankenstein.panelState == running'), group: 'navigation@1' },
    { command: 'frankenstein.retry', when: IN_PANEL(FAILED), group: 'navigation@1' },
    { command: 'frankenstein.changeOrder', when: IN_PANEL(COMPARES), group: '1_run' },
    { command: 'frankenstein.openRunJson', when: IN_PANEL('frankenstein.panelHasRun'), group: 'navigation@2' },
    {
      command: 'frankenstein.regrade',
      when: all(IN_PANEL('frankenstein.panelHasRun'), 'frankenstein.panelKind == evaluate'),
      group: '1_run',
    },
    { command: 'frankenstein.revealRun', when: IN_PANEL('frankenstein.panelHasRun'), group: '1_run' },
    { command: 'frankenstein.showLog', when: PANEL, group: '2_log' },
    { command: 'frankenstein.evaluate', when: EDITED_RECIPE, group: 'navigation@1' },
    { command: 'frankenstein.runExperiment', when: EDITED_EXPERIMENT, group: 'navigation@1' },
  ],
  'view/title': [
    { command: 'frankenstein.compareLineage', when: 'view == frankenstein.checkpoints', group: 'navigation@1' },
    { command: 'frankenstein.refresh', when: TREES, group: 'navigation@2' },
  ],
  'view/item/context': [
    { command: 'frankenstein.inspect', when: LISTED_CHECKPOINT, group: 'inline@1' },
    ...ofCheckpoint(LISTED_CHECKPOINT),
    { command: 'frankenstein.openRun', when: all(READABLE_RUN, ONE), group: '1_run@1' },
    { command: 'frankenstein.resumeRun', when: all(INTERRUPTED_RUN, ONE), group: '1_run@1' },
    { command: 'frankenstein.resumeRun', when: INTERRUPTED_RUN, group: 'inline@1' },
    { command: 'frankenstein.regrade', when: all(FINISHED_RUN, ONE), group: '1_run@4' },
    { command: 'frankenstein.openRunJson', when: all(FINISHED_RUN, ONE), group: '1_run@2' },
    { command: 'frankenstein.revealRun', when: all(READABLE_RUN, ONE), group: '1_run@3' },
    { command: 'frankenstein.createReport', when: FINISHED_RUN, group: '2_report@1' },
    { command: 'frankenstein.createReport', when: LISTED_EXPERIMENT, group: '2_report@1' },
    {
      command: 'frankenstein.deleteRun',
      when: all(RUN('finished', 'interrupted', 'unreadable'), ONE),
      group: '3_delete@1',
    },
    { command: 'frankenstein.deleteRun', when: READABLE_RUN, group: 'inline@2' },
    { command: 'frankenstein.cancel', when: 'view == frankenstein.runs && viewItem == run.active', group: 'inline@1' },
  ],
  'comments/commentThread/title': [
    {
      command: 'frankenstein.inline.unpin',
      when: all('commentController == frankenstein', 'commentThread == pin'),
      group: 'navigation',
    },
  ],
};
