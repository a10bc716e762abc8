/** What each panel may ask of the host: a part of the whole interface, so that it says what a view rests on. */
import type { HostApi } from '../src/protocol/hostApi.js';

/** What every panel has. */
export type CommonHost = Pick<HostApi, 'cancel' | 'retry' | 'act' | 'skipBadLines' | 'save' | 'copy'>;

/** A comparison's first tab. */
export type CompareHost = Pick<HostApi, 'setCuts' | 'tensorDetail' | 'openFileDiff' | 'revealTensor'>;

/** A comparison's second tab. */
export type SpectrumHost = Pick<
  HostApi,
  | 'planSpectrum'
  | 'computeSpectrum'
  | 'cancelSpectrum'
  | 'leaveSpectrum'
  | 'refineSpectrum'
  | 'fullSpectrum'
  | 'revealTensor'
>;

/** A trajectory's. */
export type TrajectoryHost = Pick<HostApi, 'followSteps'>;

/** Whatever has samples with images: probes and evaluations. */
export type SamplesHost = Pick<HostApi, 'sampleImage'>;

export type TryHost = Pick<HostApi, 'chooseImage' | 'chosenImage' | 'ask' | 'cancel'>;

export type TrainingHost = Pick<HostApi, 'trainingCompletions'>;

/** The frame around them. */
export type FrameHost = Pick<HostApi, 'ready' | 'tabShown' | 'spectrum'>;
