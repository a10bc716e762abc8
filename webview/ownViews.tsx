/**
 * The views that results have of their own: what draws each, and which choices of the user's it keeps. A new one is
 * a line here. Its name is the analysis' name, or the one that a kind of state has in `frame.tsx`.
 */
import type { ComponentChildren } from 'preact';
import type { HostApi, PanelState } from '../src/protocol/hostApi.js';
import { Probes } from './probe/probeView.js';
import { parseProbeView } from './probe/view.js';
import { createStore, type Store } from './state/store.js';
import { parseTrainingView } from './training/view.js';
import { Training } from './training/trainingView.js';
import { Trajectory } from './trajectory/trajectoryView.js';
import { parseTrajectoryView } from './trajectory/view.js';
import { Evaluation } from './transfer/transferView.js';
import { parseTransferView } from './transfer/view.js';
import type { Verification, VerifyResult } from '../src/protocol/engineApi.js';
import { Verifications } from './freeze/verificationView.js';

type StateOf<K extends PanelState['kind']> = Extract<PanelState, { kind: K }>;

/** What a view is drawn with, beside the state. */
export interface Given<View> {
  /** The user's choices now. */
  view: View;
  /** Where they change. */
  store: Store<View>;
  host: HostApi;
}

interface OwnView<State extends PanelState, View extends object> {
  /** Reads choices back: every field is checked and falls back alone. */
  parse: (memory: unknown) => View;
  draw: (state: State, given: Given<View>) => ComponentChildren;
}

/** Infers what belongs together. */
const ownView = <State extends PanelState, View extends object>(
  parse: OwnView<State, View>['parse'],
  draw: OwnView<State, View>['draw'],
): OwnView<State, View> => ({ parse, draw });

/** By the key under which `PanelMemory.view` keeps the choices. */
export const OWN_VIEWS = {
  probe: ownView(parseProbeView, ({ title, results }: StateOf<'probe'>, given) => (
    <Probes {...{ title, results, ...given }} />
  )),
  transfer: ownView(parseTransferView, ({ title, result }: StateOf<'evaluation'>, given) => (
    <Evaluation {...{ title, result, ...given }} />
  )),
  trajectory: ownView(parseTrajectoryView, ({ title, result, following, busy }: StateOf<'trajectory'>, given) => (
    <Trajectory {...{ title, result, following, busy, ...given }} />
  )),
  verify: ownView(
    () => ({}),
    ({ title, result }: StateOf<'analysis'>) => <Verifications {...{ title, result: ofOne(result as Verification) }} />,
  ),
  training: ownView(parseTrainingView, (state: StateOf<'training'>, given) => <Training {...{ state, ...given }} />),
};

/** One verification as an experiment's are: of a pair of checkpoints, without the name of a run. */
function ofOne(verification: Verification): VerifyResult {
  return { schema: 1, passed: verification.passed, runs: [{ run: '', verification }] };
}

type OwnName = keyof typeof OWN_VIEWS;
export type OwnStores = { [K in OwnName]: Store<ReturnType<(typeof OWN_VIEWS)[K]['parse']>> };

/** @param memory `PanelMemory.view` */
export function createOwnStores(memory: Readonly<Record<string, unknown>> | undefined): OwnStores {
  const stores = Object.entries(OWN_VIEWS).map(([name, { parse }]) => [name, createStore(parse(memory?.[name]))]);
  return Object.fromEntries(stores) as OwnStores;
}

/** The view of this name; undefined where there is none. */
export function drawOwn(name: string, state: PanelState, stores: OwnStores, host: HostApi): ComponentChildren {
  if (!Object.hasOwn(OWN_VIEWS, name)) return undefined;
  const own = OWN_VIEWS[name as OwnName] as unknown as OwnView<PanelState, object>;
  const store = stores[name as OwnName] as unknown as Store<object>;
  return own.draw(state, { view: store.get(), store, host });
}
