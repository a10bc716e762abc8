/** What a kind of probe is called, what its result looks like, and how people read it: all that needs no model. */
import type * as v from 'valibot';
import type { CommandDeclaration } from '../../declare/definition.js';
import type { ProbeBase } from '../result.js';

/** Width of the bars in a table, in characters. */
export const BAR_WIDTH = 20;

export const CHECKPOINT = {
  syntax: '<checkpoint>',
  help: 'a folder, config, shard, index or adapter; BASE+ADAPTER names both',
};

export interface KindDeclaration<Result extends ProbeBase & { kind: string }> {
  kind: Result['kind'];
  /** As its runs are called. */
  title: string;
  /** Of the command line: `probe NAME`; the kind is given. */
  command: Omit<CommandDeclaration, 'name' | 'fixed'>;
  /** The schema of its result. */
  form: v.GenericSchema<unknown, Result>;
  /** The result as text for a terminal: paragraphs and tables. */
  tables(result: Result): string[];
  /**
   * The file of a sample's image, as the result names it; undefined where there is none. Left out: no sample has
   * images.
   * @param index which, of a question with several
   */
  image?(result: Result, id: string, which: 'target' | 'source' | 'image', index: number): string | undefined;
}
