/** What every command needs, and reading what people type. */
import { InvalidArgumentError } from 'commander';
import { typedCount, typedSize } from '../engine/analyses/declare/typed.js';
import type { EngineApi } from '../engine/api.js';
import type { ReportApi } from '../protocol/report.js';

export interface CommandContext {
  engine: EngineApi & ReportApi;
  signal: AbortSignal;
}

/** Commander names the option before the sentence. @throws InvalidArgumentError with the sentence of `read` */
export function typed<Value, Before>(read: (text: string, before: Before) => Value) {
  return (text: string, before: Before): Value => {
    try {
      return read(text, before);
    } catch (error) {
      throw new InvalidArgumentError(error instanceof Error ? error.message : String(error));
    }
  };
}

export const parseSize = typed(typedSize);
export const parseCount = typed(typedCount);
