/**
 * Every command, once: its title, its icon and when it is enabled. `scripts/generate.mjs` writes these into
 * package.json and package.nls.json; the command table and the tests are held against this list.
 */
interface CommandWords {
  title: string;
  /** A codicon. */
  icon?: string;
  /** A `when` clause. */
  enablement?: string;
}

export const COMMANDS = {
  'frankenstein.selectForCompare': { title: 'Select for Compare' },
  'frankenstein.compareWithSelected': { title: 'Compare with Selected' },
  'frankenstein.compareWith': { title: 'Compare with…' },
  'frankenstein.compareLineage': { title: 'Compare Lineage…', icon: 'git-compare' },
  'frankenstein.changeOrder': { title: 'Change Order…', icon: 'arrow-swap' },
  'frankenstein.inspect': { title: 'Inspect Checkpoint', icon: 'search' },
  'frankenstein.showTensors': { title: 'Show Tensors', icon: 'list-flat' },
  'frankenstein.spectrum': { title: 'Analyse Update Spectrum…', icon: 'graph-scatter' },
  'frankenstein.trajectory': { title: 'Compare Trajectory…', icon: 'graph-line' },
  'frankenstein.probe': { title: 'Probe Checkpoint…', icon: 'beaker' },
  'frankenstein.try': { title: 'Try Checkpoint…', icon: 'comment' },
  'frankenstein.evaluate': { title: 'Evaluate Abilities…', icon: 'checklist' },
  'frankenstein.transfer': { title: 'Run Transferability Test…', icon: 'table' },
  'frankenstein.sweep': { title: 'Sweep…', icon: 'pulse' },
  'frankenstein.watchTraining': { title: 'Watch Training…', icon: 'graph-line' },
  'frankenstein.newMerge': { title: 'New Merge Experiment…', icon: 'git-merge' },
  'frankenstein.exportMerged': { title: 'Export Merged Checkpoint…', icon: 'export' },
  'frankenstein.mergekitFormat': { title: 'Open in mergekit Format', icon: 'file-code' },
  'frankenstein.newFreeze': { title: 'New Freeze Experiment…', icon: 'lock' },
  'frankenstein.runFreeze': { title: 'Run Freeze Experiment', icon: 'play' },
  'frankenstein.verifyFrozen': { title: 'Verify Frozen Layers', icon: 'verified' },
  'frankenstein.freezeReport': { title: 'Report of a Freeze Experiment…', icon: 'graph' },
  'frankenstein.whatTrains': { title: 'Show What Trains', icon: 'layers' },
  'frankenstein.newExperiment': { title: 'New Experiment…', icon: 'beaker' },
  'frankenstein.runExperiment': { title: 'Run Experiment', icon: 'play' },
  'frankenstein.planExperiment': { title: 'Plan Experiment', icon: 'list-ordered' },
  'frankenstein.openExperimentResult': { title: 'Open Result of an Experiment…', icon: 'graph' },
  'frankenstein.cancelExperiment': { title: 'Cancel Experiment', icon: 'stop-circle' },
  'frankenstein.createReport': { title: 'Create Report…', icon: 'book' },
  'frankenstein.cancel': { title: 'Cancel', icon: 'stop-circle', enablement: 'frankenstein.running' },
  'frankenstein.retry': { title: 'Retry', icon: 'refresh' },
  'frankenstein.showProgress': { title: 'Show What Is Running', enablement: 'frankenstein.running' },
  'frankenstein.openRun': { title: 'Open Run', icon: 'graph' },
  'frankenstein.resumeRun': { title: 'Resume Run', icon: 'debug-continue' },
  'frankenstein.regrade': { title: 'Regrade…', icon: 'law' },
  'frankenstein.openRunJson': { title: 'Open Run JSON', icon: 'json' },
  'frankenstein.revealRun': { title: 'Reveal Run Folder', icon: 'folder-opened' },
  'frankenstein.deleteRun': { title: 'Delete Run', icon: 'trash' },
  'frankenstein.refresh': { title: 'Refresh', icon: 'refresh' },
  'frankenstein.showLog': { title: 'Show Log' },
  'frankenstein.toggleInline': { title: 'Toggle Inline Figures' },
  'frankenstein.inline.open': { title: 'Open Figure in Panel' },
  'frankenstein.inline.pin': { title: 'Pin Figure' },
  'frankenstein.inline.unpin': { title: 'Unpin Figure', icon: 'close' },
  'frankenstein.inline.unpinAll': { title: 'Unpin All Figures' },
} as const satisfies Readonly<Record<`frankenstein.${string}`, CommandWords>>;

export type CommandId = keyof typeof COMMANDS;

export const COMMAND_IDS = Object.keys(COMMANDS) as CommandId[];
