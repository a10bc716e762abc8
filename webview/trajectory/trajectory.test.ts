/** The view of trajectories, without a DOM: what it draws and says is what the result holds. */
import assert from 'node:assert/strict';
import { describe, it } from 'vitest';
import { trajectoryReading } from '../../src/protocol/trajectoryReading.js';
import { heatmapSvg } from '../exporters/heatmapSvg.js';
import { linesSvg } from '../exporters/linesSvg.js';
import { PAPER } from '../exporters/palette.js';
import { lineage } from '../playground/data.js';
import { besideOf, trajectoryOf } from '../playground/trajectories.js';
import { createLinked } from '../figure/linked.js';
import { abilityFigure, loggedFigures, sharedSteps } from './beside.js';
import {
  rankFigure,
  similarityFigure,
  similarityGrid,
  sizeFigure,
  sizeGrid,
  STEP_STYLE,
  type Drawn,
} from './figures.js';
import { layerAt, modelOf } from './model.js';
import { HEADINGS, numberRows, numbersMarkdown } from './numbers.js';
import { DEFAULT_TRAJECTORY_VIEW, parseTrajectoryView } from './view.js';

const result = trajectoryOf(lineage());
const model = modelOf(result);
const drawn: Drawn = { size: 'relative', log: false, depth: null, against: 'first' };

describe('a trajectory in the panel', () => {
  it('is a map of layers by steps', () => {
    const grid = sizeGrid(model, drawn);
    assert.deepEqual(
      grid.depths,
      result.layers.map(({ depth }) => depth),
    );
    assert.deepEqual(
      grid.rows.map(({ kind }) => kind),
      result.stages.slice(1).map(({ label }) => label),
    );
    grid.rows.forEach(({ cells }, step) =>
      cells.forEach((cell, column) => assert.equal(cell?.value, result.layers[column]!.sinceFirst[step]!.relative)),
    );
    const values = grid.rows.flatMap(({ cells }) => cells.map((cell) => cell!.value!));
    assert.deepEqual([grid.range!.min, grid.range!.max], [Math.min(...values), Math.max(...values)]);
    const absolute = sizeGrid(model, { ...drawn, size: 'fro', against: 'previous' });
    assert.equal(absolute.rows[3]!.cells[5]!.value, result.layers[5]!.sincePrevious[3]!.fro);
  });

  it('is a line per region over steps, with what rounding alone would give', () => {
    const figure = sizeFigure(model, { ...drawn, size: 'fro' });
    assert.deepEqual(
      figure.series.map(({ key }) => key),
      [...result.regions.map(({ region }) => region), 'vision', 'projector'],
    );
    const [early] = result.regions;
    assert.deepEqual(
      figure.series[0]!.points.map(({ x, value }) => [x, value]),
      result.steps.slice(1).map((step, index) => [step, early!.sinceFirst[index]!.fro]),
    );
    assert.deepEqual(
      figure.zones[0]!.points.map(({ value }) => value),
      early!.sinceFirst.map((delta) => delta!.floor),
    );
    // The share of weights that changed has no floor.
    assert.deepEqual(sizeFigure(model, { ...drawn, size: 'changed' }).zones, []);
  });

  it('adds the curve of the layer that was clicked', () => {
    const { depth } = result.layers[40]!;
    assert.equal(layerAt(model, depth)!.name, 'Language layer 7');
    assert.equal(layerAt(model, 99), null);
    for (const figure of [sizeFigure(model, { ...drawn, depth }), similarityFigure(model, depth)])
      assert.equal(figure.series.at(-1)!.name, 'Language layer 7');
    assert.deepEqual(
      sizeFigure(model, { ...drawn, depth })
        .series.at(-1)!
        .points.map(({ value }) => value),
      result.layers[40]!.sinceFirst.map((delta) => delta!.relative),
    );
  });

  it('draws how far directions are those of the last step, from 0 to 1', () => {
    const grid = similarityGrid(model);
    assert.deepEqual([grid.range!.min, grid.range!.max], [0, 1]);
    assert.equal(grid.rows.at(-1)!.cells[0]!.value, 1);
    const figure = similarityFigure(model, null);
    assert.equal(figure.series[0]!.baseline!.value, result.regions[0]!.chance);
  });

  it('has logs and abilities on the axis of its own figures', () => {
    const beside = besideOf();
    const steps = sharedSteps(model, beside);
    const logged = loggedFigures(beside, steps);
    const abilities = abilityFigure(beside, steps)!;
    const all = [sizeFigure(model, drawn, steps), rankFigure(model, null, steps), abilities, ...logged];
    for (const { x } of all) assert.deepEqual([x.from, x.to], [0, 600]);
    const ticks = abilities.x.ticks(100).map(({ value }) => value);
    assert.deepEqual(ticks, [...new Set(ticks)], 'each once, though several figures hold it');
    const reward = beside.training!.runs[0]!.series.find(({ key }) => key === 'reward')!;
    assert.deepEqual(
      logged.find(({ key }) => key === 'reward')!.series[0]!.points.map(({ x, value }) => [x, value]),
      reward.points,
    );
    assert.deepEqual(
      abilities.series.map(({ name, points }) => [name, points.length]),
      [
        ['Vision', 5],
        ['Vision to reasoning', 5],
        ['Reasoning', 5],
      ],
    );
    // Nothing beside: the axis is that of the checkpoints alone, as before.
    assert.deepEqual(sharedSteps(model, null), result.steps.slice(1));
    assert.deepEqual([loggedFigures(null, steps), abilityFigure(null, steps)], [[], null]);
  });

  it('draws stable rank as the result has it', () => {
    assert.deepEqual(
      rankFigure(model, null).series[1]!.points.map(({ value }) => value),
      result.regions[1]!.stableRank,
    );
  });

  it('shares one cursor: what one figure sets, all others hear once', () => {
    const linked = createLinked();
    const heard: (number | null)[] = [];
    const stop = linked.onMove(() => heard.push(linked.at()));
    for (const at of [5, 5, 7, null]) linked.set(at);
    stop();
    linked.set(9);
    assert.deepEqual(heard, [5, 7, null]);
  });

  it('exports both, and lists them as numbers', () => {
    const words = { title: 'Trajectory', description: '', caption: '' };
    const lines = linesSvg([sizeFigure(model, drawn), similarityFigure(model, null)], words, PAPER).svg;
    assert.match(lines, /Early \(0–8\)[\s\S]*Sim_16 with the last step/);
    const legend = { label: 'Relative update', format: String };
    assert.match(heatmapSvg(sizeGrid(model, drawn), legend, STEP_STYLE, words).svg, />600</);
    const rows = numberRows(model, drawn);
    assert.equal(rows.length, 12 * (1 + model.groups.length));
    assert.ok(rows.every((row) => row.length === HEADINGS.length));
    assert.equal(numbersMarkdown(model, drawn).trim().split('\n').length, 2 + rows.length);
  });

  it('remembers choices, each of which falls back alone', () => {
    assert.deepEqual(parseTrajectoryView(null), DEFAULT_TRAJECTORY_VIEW);
    assert.deepEqual(parseTrajectoryView({ against: 'previous', size: 'odd', log: true, depth: 3.5 }), {
      ...DEFAULT_TRAJECTORY_VIEW,
      against: 'previous',
      log: true,
    });
  });
});

describe('the reading of a trajectory', () => {
  const group = (change: (at: number) => object) => ({
    ...result,
    whole: {
      ...result.whole,
      sinceFirst: result.whole.sinceFirst.map((delta, at) => ({ ...delta!, floor: 1e-9, ...change(at) })),
      sincePrevious: result.whole.sincePrevious.map((delta) => ({ ...delta!, floor: 1e-9 })),
    },
  });

  it('says where most of it came, by when half was there, and whether directions settled', () => {
    const said = trajectoryReading(group(() => ({})));
    assert.equal(said.length, 4);
    assert.match(
      said[0]!,
      /^Most of the movement from start to checkpoint-600 is in the mid region \(language layers 9–17\)/,
    );
    const half =
      result.whole.sinceFirst.findIndex((delta) => delta!.fro >= result.whole.sinceFirst.at(-1)!.fro / 2) + 1;
    assert.match(said[1]!, new RegExp(`reached by step ${result.steps[half]!} of 600`));
    assert.match(said[2]!, /add up to 1\.\d+ times the distance/);
    assert.match(said[3]!, /had settled by step 500: from there on Sim_16 with the last step is at least 0\.8/);
    const wandering = group(() => ({}));
    wandering.whole.similarity = wandering.whole.similarity.map((_, at, all) => (at === all.length - 1 ? 1 : 0.3));
    assert.match(trajectoryReading(wandering)[3]!, /had not settled: Sim_16 of step 550 with the last step is 0\.300/);
  });

  it('says how far rounding alone would explain it', () => {
    const last = (at: number) => result.whole.sinceFirst[at]!.fro;
    assert.match(
      trajectoryReading(group((at) => (at < 3 ? { floor: last(at) } : {}))).at(-1)!,
      /^Up to step 150 the update since the first checkpoint is below 2× what rounding to BF16 alone would give/,
    );
    assert.match(trajectoryReading(group((at) => ({ floor: last(at) }))).at(-1)!, /^Every update since the first/);
  });

  it('says that nothing changed', () => {
    assert.deepEqual(trajectoryReading(group(() => ({ fro: 0 }))), [
      'Nothing changed: the weights of checkpoint-600 are those of start.',
    ]);
  });
});
