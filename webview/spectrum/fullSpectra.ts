/** All singular values of single matrices: asked of the host once, and kept as long as the result is shown. */
import type { FullSpectrum, TensorSpectra } from '../../src/protocol/engineApi.js';
import type { SpectrumHost } from '../host.js';
import { keyOf, type SpectrumModel } from './model.js';

export interface FullSpectra {
  /** What has been read. */
  known(tensor: TensorSpectra, from: number): FullSpectrum | null;
  read(tensor: TensorSpectra, from: number): Promise<FullSpectrum>;
}

const KEPT = new WeakMap<SpectrumModel, FullSpectra>();

export function fullSpectrumOf(model: SpectrumModel, host: SpectrumHost): FullSpectra {
  const known = KEPT.get(model);
  if (known !== undefined) return known;
  const read = new Map<string, FullSpectrum>();
  const keyAt = (tensor: TensorSpectra, from: number) => `${keyOf(tensor)} ${from} ${tensor.spectra[from]?.mode ?? ''}`;
  const made: FullSpectra = {
    known: (tensor, from) => read.get(keyAt(tensor, from)) ?? null,
    async read(tensor, from) {
      const found = await host.fullSpectrum({ name: tensor.name, part: tensor.part, from });
      read.set(keyAt(tensor, from), found);
      return found;
    },
  };
  KEPT.set(model, made);
  return made;
}
