/** Functions and checkpoints, each a switch; the line samples say what is told by what. */
import type { ComponentChildren } from 'preact';
import { BandNote, DashSwatch, DottedSwatch, LegendToggle, LineSwatch } from '../figure/swatch.js';
import type { Store } from '../state/store.js';
import { curvesOf, layoutOf, studyOf, tasksOf, visibleCurves } from './choice.js';
import type { CurveFigure } from './curves.js';
import { markOfCheckpoint, TASK_NAMES, TASKS, type ProbeModel } from './model.js';
import type { ProbeView } from './view.js';

interface LegendProps {
  store: Store<ProbeView>;
  view: ProbeView;
  model: ProbeModel;
  figure: CurveFigure | null;
}

export function Legend(props: LegendProps) {
  const { view, model, figure } = props;
  const curves = curvesOf(model, view);
  const tasks = tasksOf(curves);
  const checkpoints = model.checkpoints.flatMap((_, index) =>
    curves.some((curve) => curve.checkpoint === index) ? [index] : [],
  );
  const together = layoutOf(view, visibleCurves(model, view)) === 'together' && studyOf(model, view) === 'vision';
  return (
    <div class="legend probe-legend" data-testid="probe-legend">
      {tasks.length > 0 ? <Functions {...props} {...{ tasks, together }} several={checkpoints.length > 1} /> : null}
      {checkpoints.length > 1 || !together ? <Checkpoints {...props} {...{ checkpoints, together }} /> : null}
      {curves.some((curve) => curve.baseline !== null) ? (
        <span class="legend-item">
          <DottedSwatch />
          Unmodified model
        </span>
      ) : null}
      {figure === null ? null : <BandNote figure={figure} what="95% interval" />}
    </div>
  );
}

function Functions({
  store,
  view,
  tasks,
  together,
  several,
}: LegendProps & { tasks: (typeof TASKS)[number][]; together: boolean; several: boolean }) {
  const hidden = view.hiddenTasks.filter((one) => tasks.some((known) => known === one));
  return (
    <Group label="Functions">
      {tasks.map((task) => {
        const index = TASKS.indexOf(task);
        const mark = { colour: index, marker: index, dash: several ? 0 : index };
        return (
          <LegendToggle
            key={task}
            name={TASK_NAMES[task]}
            swatch={together ? <LineSwatch series={mark} /> : null}
            pressed={!view.hiddenTasks.includes(task)}
            testId={`legend-${task}`}
            onToggle={
              tasks.length < 2 ? null : () => store.set({ hiddenTasks: flip(hidden, task as string, tasks.length) })
            }
          />
        );
      })}
    </Group>
  );
}

function Checkpoints({
  store,
  view,
  model,
  checkpoints,
  together,
}: LegendProps & { checkpoints: number[]; together: boolean }) {
  const hidden = view.hiddenCheckpoints.filter((one) => checkpoints.includes(one));
  const several = checkpoints.length > 1;
  return (
    <Group label="Checkpoints">
      {checkpoints.map((index) => {
        const mark = markOfCheckpoint(model, index);
        // In one figure with several checkpoints the function has colour and marker, the checkpoint has the dash.
        const swatch = !together ? (
          <LineSwatch series={{ colour: mark, marker: mark, dash: mark }} />
        ) : several ? (
          <DashSwatch dash={model.checkpoints.length - 1 - index} />
        ) : null;
        return (
          <LegendToggle
            key={index}
            name={model.checkpoints[index]!.label}
            swatch={swatch}
            pressed={!view.hiddenCheckpoints.includes(index)}
            testId={`legend-checkpoint-${index}`}
            onToggle={several ? () => store.set({ hiddenCheckpoints: flip(hidden, index, checkpoints.length) }) : null}
          />
        );
      })}
    </Group>
  );
}

function Group({ label, children }: { label: string; children: ComponentChildren }) {
  return (
    <span class="legend-group" role="group" aria-label={label}>
      {children}
    </span>
  );
}

/** In or out of the list; never are all of them hidden. */
function flip<T>(hidden: readonly T[], value: T, all: number): readonly T[] {
  if (hidden.includes(value)) return hidden.filter((one) => one !== value);
  return hidden.length + 1 < all ? [...hidden, value] : hidden;
}
