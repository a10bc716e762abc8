/** What the engine runs of spectra. */
import type { CallContext } from '../../calls.js';
import type { Tools } from '../declare/definition.js';
import { planSpectrum } from './plan.js';
import type { SpectrumPlan, SpectrumProgress, SpectrumRequest } from './request.js';
import type { SpectrumResult } from './result.js';
import { headersOnly, spectrum } from './spectrum.js';

export function plan(
  request: SpectrumRequest,
  _: Tools,
  context: CallContext<SpectrumProgress> = {},
): Promise<SpectrumPlan> {
  return planSpectrum(request, headersOnly(context));
}

export function run(
  request: SpectrumRequest,
  { workerFile }: Tools,
  context?: CallContext<SpectrumProgress>,
): Promise<SpectrumResult> {
  return spectrum(request, workerFile, context);
}
