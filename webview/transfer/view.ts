/** The user's choices in an evaluation: what survives a reload. Every field is checked and falls back alone. No DOM. */
import type { AbilityName } from '../../src/protocol/engineApi.js';

export interface TransferView {
  /** The checkpoint that the others are held against; null: IN, or the first. */
  against: number | null;
  /** The cell whose questions are shown. */
  checkpoint: number | null;
  ability: AbilityName | null;
  /** Which of them: those that differ from the reference, whose verdict was another one before, or that count or do not. */
  which: 'flipped' | 'changed' | 'hit' | 'missed' | 'all';
  question: string | null;
}

export const DEFAULT_TRANSFER_VIEW: TransferView = {
  against: null,
  checkpoint: null,
  ability: null,
  which: 'flipped',
  question: null,
};

export function parseTransferView(memory: unknown): TransferView {
  const from = typeof memory === 'object' && memory !== null ? (memory as Record<string, unknown>) : {};
  const usual = DEFAULT_TRANSFER_VIEW;
  const index = (value: unknown): number | null =>
    typeof value === 'number' && Number.isInteger(value) && value >= 0 ? value : null;
  return {
    against: index(from['against']),
    checkpoint: index(from['checkpoint']),
    ability: (['vis', 'v2r', 'rea'] as const).find((one) => one === from['ability']) ?? usual.ability,
    which:
      (['flipped', 'changed', 'hit', 'missed', 'all'] as const).find((one) => one === from['which']) ?? usual.which,
    question: typeof from['question'] === 'string' ? from['question'] : null,
  };
}
