/** Every command, once. The manifest, the command table and the tests are held against this list. */
export const COMMAND_IDS = [
  'frankenstein.selectForCompare',
  'frankenstein.compareWithSelected',
  'frankenstein.compareWith',
  'frankenstein.compareLineage',
  'frankenstein.inspect',
  'frankenstein.probe',
  'frankenstein.try',
  'frankenstein.cancel',
  'frankenstein.retry',
  'frankenstein.showProgress',
  'frankenstein.openRun',
  'frankenstein.openRunJson',
  'frankenstein.revealRun',
  'frankenstein.deleteRun',
  'frankenstein.refresh',
  'frankenstein.showLog',
  'frankenstein.toggleInline',
  'frankenstein.inline.open',
  'frankenstein.inline.pin',
  'frankenstein.inline.unpin',
  'frankenstein.inline.unpinAll',
] as const;

export type CommandId = (typeof COMMAND_IDS)[number];
