/** Evaluates checkpoints: read the sets, ask what no earlier run has asked, judge, make the figures. */
import { identityOf } from '../declare/identity.js';
import { PROTOCOL_FIELDS } from '../declare/protocol.js';
import { questionOf } from '../declare/question.js';
import { guardOf } from '../declare/shape.js';
import { drive } from '../../runs/drive.js';
import { createHash } from 'node:crypto';
import path from 'node:path';
import type { CallContext, EngineHost } from '../../calls.js';
import type { Checkpoint } from '../../checkpoint/checkpoint.js';
import { shown } from '../../checkpoint/failure.js';
import { isEndpointPath } from '../../checkpoint/endpointPath.js';
import { fingerprint } from '../../checkpoint/fingerprint.js';
import { openStage } from '../../merge/checkpoint.js';
import { type Provenance } from '../../runs/provenance.js';
import { labelsOf, readAs, runningIdentityOf } from '../../lineage/stages.js';
import { FrankensteinError, throwIfCancelled } from '../../errors.js';
import { readSpec } from '../../models/spec.js';
import { createCountReporter } from '../../runs/countProgress.js';
import { StoredAnswers } from '../../runs/answers.js';
import { isLike, type Run } from '../../runs/store.js';
import { runInThread } from '../../runtime/thread.js';
import { boxScales } from '../../grading/boxScale.js';
import { factsOfImage } from '../../datasets/dataFiles.js';
import { GRADING_VERSION, isRight } from '../../grading/grade.js';
import { describeAll } from './describe.js';
import { failuresLeftOut } from '../../datasets/leftOut.js';
import { type LanguageModel, languageModelOf } from '../../grading/languageModel.js';
import type { Answered as Answer, AskedQuestion, EvaluateJob, EvaluateMessage } from './job.js';
import { askEndpoint, boxWarnings, checkEndpoints, endpointCheckpoint } from './endpoint.js';
import type { Question } from '../../datasets/question.js';
import { type EvaluateProgress, evaluateRequest, type ParsedEvaluation } from './request.js';
import { addressOf, agreementsOf, type Given, opinionOf, type SecondOpinion, settle } from './judging.js';
import type { EvaluatedQuestion, EvaluateResult, Served, Setting } from './result.js';
import { evaluateResult } from './schema.js';
import { figuresOf } from './figures.js';
import { type Framing } from '../../models/processor/framing.js';
import type { PixelBounds } from '../../models/processor/imageSettings.js';
import type { Protocol, Sampling } from '../declare/protocolText.js';
import { setUpProtocol } from '../protocol.js';
import { answerMark } from './answers.js';
import { abilitiesOf, type QuestionSets, readSets, settingsOf } from './sets.js';

/** Changes whenever stored answers would come out differently. */
const ANSWERS_VERSION = 2;

/** A question in one setting. */
interface Item {
  question: Question;
  /** `set/id`. */
  id: string;
  setting: Setting;
  /** Of what is asked: with the number of an answer, where there are several (`keysOf`). */
  key: string;
}

/** Texts per checkpoint and key, and why a key has none. */
interface Answers {
  texts: Map<string, string>[];
  failures: Map<string, string>;
  served: Served[];
}

export interface EvaluateSetup {
  request: ParsedEvaluation;
  checkpoints: Checkpoint[];
  labels: string[];
  fingerprints: string[];
  /** Per checkpoint, what makes answers the same answers: the model, and what is not in a question's key. */
  answerFacts: object[];
  sets: QuestionSets;
  items: Item[];
  /** Per checkpoint. */
  framings: Framing[];
  pixels: PixelBounds;
  /** Greedy when undefined. */
  sampling: Sampling | undefined;
  protocol: Protocol | undefined;
  warnings: string[];
}

/**
 * Runs an evaluation. With a runs folder, every answer is kept: an interrupted run continues, and another evaluation
 * of the same checkpoint asks only what is new.
 */
export async function evaluate(
  request: ParsedEvaluation,
  workerFile: string,
  host: EngineHost | undefined,
  context: CallContext<EvaluateProgress> = {},
): Promise<EvaluateResult> {
  const startedAt = new Date();
  // A wrong address is said before anything is read.
  const grader = request.grader && (await languageModelOf(request.grader, host));
  const describer = request.describer && (await languageModelOf(request.describer, host));
  const setup = await setUp(request, context, describer);
  const { runsFolder } = request;
  return drive<EvaluateResult, Answers>(
    {
      runsFolder,
      identity: identityOf(evaluateRequest, request, factsOf(setup), COVERED),
      // A language model that gave no verdict is asked again.
      says:
        grader === undefined && describer === undefined
          ? {
              labels: setup.labels,
              asked: request.checkpoints,
              warnings: setup.warnings,
              stages: setup.checkpoints.map(readAs),
            }
          : undefined,
      request: () => ({
        kind: request.kind,
        labels: setup.labels,
        fingerprints: setup.fingerprints,
        data: setup.sets.data,
        dataFingerprint: setup.sets.fingerprint,
        maxNewTokens: request.maxNewTokens,
        question: questionOf(evaluateRequest, request, setup.labels),
        tasks: keysOf(setup).size * setup.checkpoints.length,
      }),
      checkpoints: setup.checkpoints,
      startedAt,
      isResult: guardOf(evaluateResult),
    },
    async (run) => {
      const stored: (StoredAnswers | undefined)[] = [];
      try {
        for (const facts of setup.answerFacts)
          stored.push(runsFolder === undefined ? undefined : await StoredAnswers.open(runsFolder, facts));
        return await askMissing(setup, stored, run, workerFile, host, context);
      } finally {
        for (const answers of stored) await answers?.close();
      }
    },
    async (answers, origin) => {
      const { failures, served } = answers;
      const answered = await givensOf(setup, answers, context.signal);
      const grading = { grader: request.grader!, scope: request.graderScope, runsFolder };
      const second = grader && (await opinionOf(grader, answered.givens, grading, context));
      // What failed is tried again.
      const own = failures.size > 0 ? { ...origin, inputs: undefined } : origin;
      const result = resultOf(setup, answered, second, own);
      return served.length > 0 ? { ...result, served } : result;
    },
  );
}

/** Opens and reads everything but weights and images. */
export async function setUp(
  request: ParsedEvaluation,
  { signal, progress }: CallContext<EvaluateProgress>,
  describer?: LanguageModel,
): Promise<EvaluateSetup> {
  progress?.({ phase: 'Reading headers', done: 0, total: 0, remainingSeconds: null });
  const checkpoints: Checkpoint[] = [];
  for (const stage of request.checkpoints)
    checkpoints.push(isEndpointPath(stage.path) ? endpointCheckpoint(stage.path) : await openStage(stage, { signal }));
  checkEndpoints(request, checkpoints);
  progress?.({ phase: 'Reading questions', done: 0, total: 0, remainingSeconds: null });
  const labels = labelsOf(request.checkpoints, checkpoints);
  const named = checkpoints.map(({ path: location }, index) => ({
    label: labels[index]!,
    role: request.checkpoints[index]!.role,
    path: request.checkpoints[index]!.recipe === undefined ? location : labels[index]!,
  }));
  const own = await setUpProtocol(request, named, signal);
  const sampling = samplingOf(request);
  const sets = await readSets(request, own, signal);
  const hasImages = sets.sets.some(({ questions }) => questions.some(({ images }) => images.length > 0));
  for (const checkpoint of checkpoints) {
    if (hasImages && !isEndpointPath(checkpoint.path) && readSpec(checkpoint).vision === undefined)
      throw new FrankensteinError(
        'unsupported',
        `${shown(checkpoint.path)} is a text-only model, and ${shown(sets.data)} has questions about ` +
          'images: evaluate it on sets without images.',
      );
  }
  if (describer) await addDescriptions(sets, describer, request, { signal, progress });
  const fingerprints = await Promise.all(checkpoints.map((checkpoint) => printOf(checkpoint, signal)));
  return {
    request,
    checkpoints,
    sets,
    labels,
    framings: own.framings,
    pixels: own.pixels,
    sampling,
    protocol: sampling === undefined ? own.protocol : { ...own.protocol, sampling },
    fingerprints,
    answerFacts: await Promise.all(
      checkpoints.map(async (checkpoint, index) => ({
        answers: ANSWERS_VERSION,
        maxNewTokens: request.maxNewTokens,
        ...own.framings[index],
        ...own.pixels,
        ...(sampling && { sampling: { ...sampling, answers: undefined } }),
        checkpoint: isEndpointPath(checkpoint.path)
          ? { endpoint: checkpoint.path }
          : await runningIdentityOf(checkpoint, fingerprints[index]!, signal),
      })),
    ),
    items: await itemsOf(sets, signal),
    warnings: [
      ...new Set([
        ...checkpoints.flatMap(({ warnings }) => warnings),
        ...sets.warnings,
        ...boxWarnings(checkpoints, sets),
      ]),
    ],
  };
}

/** A fingerprint of the weights; of an endpoint, which shows none, of its address and name. */
function printOf(checkpoint: Checkpoint, signal: AbortSignal | undefined): Promise<string> {
  if (!isEndpointPath(checkpoint.path)) return fingerprint(checkpoint, signal);
  return Promise.resolve(createHash('sha256').update(checkpoint.path).digest('hex'));
}

async function itemsOf({ sets }: QuestionSets, signal: AbortSignal | undefined): Promise<Item[]> {
  const facts = new Map<string, string>();
  const items: Item[] = [];
  for (const { name, questions, abilities } of sets) {
    for (const question of questions) {
      throwIfCancelled(signal);
      for (const image of question.images) if (!facts.has(image)) facts.set(image, await factsOfImage(image));
      const imageFacts = question.images.map((image) => facts.get(image)!).join('\n');
      for (const setting of settingsOf(question, abilities)) {
        const key = createHash('sha256')
          .update(
            JSON.stringify([
              promptOf(question, setting),
              setting === 'image' ? 'picture' : setting === 'text' ? 'text' : 'black',
              imageFacts,
            ]),
          )
          .digest('hex')
          .slice(0, 32);
        items.push({ question, id: `${name}/${question.id}`, setting, key });
      }
    }
  }
  return items;
}

/** How tokens are drawn, if they are. @throws `bad-request` for what only goes with a temperature */
function samplingOf({ answers, temperature, topP, topK, seed }: ParsedEvaluation): Sampling | undefined {
  if (temperature !== undefined) return { answers, temperature, topP: topP ?? null, topK: topK ?? null, seed };
  if (answers > 1)
    throw new FrankensteinError(
      'bad-request',
      'Several answers to a question are all the same without a temperature: give --temperature.',
    );
  if ((topP ?? topK) !== undefined)
    throw new FrankensteinError('bad-request', '--top-p and --top-k need --temperature.');
  return undefined;
}

/** The description stands before the question, on a line of its own. */
function promptOf({ prompt, description }: Question, setting: Setting): string {
  return setting === 'described' ? `${description!}\n${prompt}` : prompt;
}

/** Of all answers that an item needs: one, or the numbered ones. */
function answersTo({ key }: Pick<Item, 'key'>, sampling: Sampling | undefined): { key: string; answer?: number }[] {
  if (sampling === undefined) return [{ key }];
  return Array.from({ length: sampling.answers }, (_, answer) => ({ key: `${key}${answerMark(answer)}`, answer }));
}

function keysOf({ items, sampling }: EvaluateSetup): Set<string> {
  return new Set(items.flatMap((item) => answersTo(item, sampling).map(({ key }) => key)));
}

/** Fields that `factsOf` states: the draw and the descriptions by the prompts, their length by the answers' facts. */
const COVERED = [
  'kind',
  'data',
  'sets',
  'samples',
  'seed',
  'maxNewTokens',
  'badLines',
  'grader',
  'regrade',
  'describer',
  'axis',
  ...PROTOCOL_FIELDS,
  'answers',
  'temperature',
  'topP',
  'topK',
] as const;

/** What is computed, and from which checkpoints. */
function factsOf(setup: EvaluateSetup): object {
  const { request, sets, items } = setup;
  return {
    kind: request.kind,
    data: sets.data,
    dataFingerprint: sets.fingerprint,
    grading: GRADING_VERSION,
    grader: request.grader?.model ?? null,
    axis: request.axis ?? null,
    ...(setup.protocol && { protocol: setup.protocol }),
    roles: request.checkpoints.map(({ role }) => role ?? null),
    sets: sets.sets.map(({ name, abilities }) => [name, abilities]),
    items: createHash('sha256')
      .update(items.map(({ id, setting, key }) => `${id}\0${setting}\0${key}\n`).join(''))
      .digest('hex'),
    checkpoints: setup.answerFacts,
  };
}

/** @returns texts per checkpoint and key, and why a key has none. */
async function askMissing(
  setup: EvaluateSetup,
  stored: readonly (StoredAnswers | undefined)[],
  run: Run | undefined,
  workerFile: string,
  host: EngineHost | undefined,
  { signal, progress }: CallContext<EvaluateProgress>,
): Promise<Answers> {
  const { request, items, checkpoints, labels } = setup;
  const texts = stored.map((answers) => answers?.texts ?? new Map<string, string>());
  const failures = new Map<string, string>();
  const served: Served[] = [];
  const wanted = questionsOf(items, setup.sampling);
  const work = checkpoints.flatMap((_, checkpoint): EvaluateJob['work'] => {
    const asked = wanted.filter(({ key }) => !texts[checkpoint]!.has(key));
    return asked.length === 0
      ? []
      : [
          {
            checkpoint,
            stage: request.checkpoints[checkpoint]!,
            label: labels[checkpoint]!,
            framing: setup.framings[checkpoint]!,
            asked,
          },
        ];
  });
  const total = wanted.length * checkpoints.length;
  const missing = work.reduce((sum, { asked }) => sum + asked.length, 0);
  await noteKnown(run, wanted, work, checkpoints.length);
  const reporter = createCountReporter(total, total - missing, progress);
  if (missing === 0) return { texts, failures, served };
  const keep = async (checkpoint: number, { key, text, why }: Answer) => {
    if (text === null) failures.set(key, why!);
    else if (stored[checkpoint]) await stored[checkpoint].add(key, text);
    else texts[checkpoint]!.set(key, text);
    await run?.append({ checkpoint, key });
  };
  for (const { checkpoint, stage, label, framing, asked } of work) {
    if (!isEndpointPath(stage.path)) continue;
    reporter.phase(`Asking ${label}`);
    const cost = await askEndpoint(
      {
        place: stage.path,
        keyVariable: request.endpointKey,
        concurrency: request.concurrency,
        asked,
        framing,
        maxNewTokens: request.maxNewTokens,
        sampling: setup.sampling,
        badLines: request.badLines,
      },
      host,
      async (answer) => {
        await keep(checkpoint, answer);
        reporter.settle(1);
      },
      signal,
    );
    served.push({ checkpoint, ...cost });
  }
  const own = work.filter(({ stage }) => !isEndpointPath(stage.path));
  if (own.length === 0) return { texts, failures, served };
  const job: EvaluateJob = {
    maxNewTokens: request.maxNewTokens,
    memory: request.memory,
    threads: request.threads,
    badLines: request.badLines,
    pixels: setup.pixels,
    sampling: setup.sampling,
    work: own,
  };
  await runInThread(
    workerFile,
    'evaluate',
    job,
    async (message: EvaluateMessage) => {
      switch (message.type) {
        case 'phase':
          return reporter.phase(message.phase);
        case 'progress':
          return reporter.advance(message.done);
        case 'notice':
          return void setup.warnings.push(message.sentence);
        case 'batch':
          for (const answer of message.answers) await keep(message.checkpoint, answer);
          return reporter.settle(message.answers.length);
      }
    },
    signal,
  );
  return { texts, failures, served };
}

const NOTED = { checkpoint: 0, key: '' };

function isNoted(value: unknown): value is typeof NOTED {
  return isLike(value, NOTED);
}

/** The journal counts answers, for the list of runs: those of earlier evaluations too. */
async function noteKnown(
  run: Run | undefined,
  wanted: readonly AskedQuestion[],
  work: EvaluateJob['work'],
  checkpoints: number,
): Promise<void> {
  if (run === undefined) return;
  const noted = new Set((await run.entries(isNoted)).map(({ checkpoint, key }) => `${checkpoint} ${key}`));
  for (let checkpoint = 0; checkpoint < checkpoints; checkpoint++) {
    const left = new Set(work.find((one) => one.checkpoint === checkpoint)?.asked.map(({ key }) => key));
    for (const { key } of wanted)
      if (!left.has(key) && !noted.has(`${checkpoint} ${key}`)) await run.append({ checkpoint, key });
  }
}

/** Each prompt once; neighbours are of similar length, so that little of a batch is padding. */
export function questionsOf(items: readonly Item[], sampling: Sampling | undefined): AskedQuestion[] {
  const asked = new Map<string, AskedQuestion>();
  for (const item of items) {
    const { question, setting } = item;
    for (const one of answersTo(item, sampling)) {
      if (asked.has(one.key)) continue;
      asked.set(one.key, {
        ...one,
        prompt: promptOf(question, setting),
        images: question.images,
        black: setting === 'black' || setting === 'described',
      });
    }
  }
  return [...asked.values()].sort(
    (a, b) =>
      Number(a.images.length === 0) - Number(b.images.length === 0) ||
      a.prompt.length - b.prompt.length ||
      (a.key < b.key ? -1 : 1),
  );
}

/** Puts images in words where the set has none and vision-to-reasoning is to be measured. */
async function addDescriptions(
  { sets }: QuestionSets,
  model: LanguageModel,
  { runsFolder, sets: given, describer }: ParsedEvaluation,
  { signal, progress }: CallContext<EvaluateProgress>,
): Promise<void> {
  const bare = sets.flatMap(({ questions }) =>
    questions.filter(({ images, description }) => images.length > 0 && description === undefined),
  );
  const images = [...new Set(bare.flatMap(({ images }) => images))];
  const keys = new Map<string, string>();
  for (const image of images)
    keys.set(
      image,
      createHash('sha256')
        .update(await factsOfImage(image))
        .digest('hex')
        .slice(0, 32),
    );
  const stored =
    runsFolder === undefined
      ? undefined
      : await StoredAnswers.open(runsFolder, { descriptions: 1, describer: addressOf(describer!) });
  try {
    const known = new Map(
      images.flatMap((image) =>
        stored?.texts.has(keys.get(image)!) ? [[image, stored.texts.get(keys.get(image)!)!] as const] : [],
      ),
    );
    const left = images.filter((image) => !known.has(image));
    let done = 0;
    await describeAll(
      model,
      left,
      async (image, description) => {
        known.set(image, description);
        await stored?.add(keys.get(image)!, description);
        progress?.({
          phase: `Images in words by ${model.name}`,
          done: ++done,
          total: left.length,
          remainingSeconds: null,
        });
      },
      signal,
    );
    for (const question of bare) question.description = described(question.images.map((image) => known.get(image)!));
    for (const set of sets) set.abilities = abilitiesOf(set, sets, given);
  } finally {
    await stored?.close();
  }
}

/** One description, or one per image. */
function described(descriptions: readonly string[]): string {
  return descriptions.length === 1
    ? descriptions[0]!
    : descriptions.map((description, index) => `Image ${index + 1}: ${description}`).join('\n');
}

/** The answers with what the rules say of them; what could not be asked is in `failed`. */
interface Answered {
  givens: Given[];
  /** By `set/id`: why a question has no answers. */
  failed: Map<string, string>;
}

async function givensOf(
  { items, sampling, checkpoints, pixels }: EvaluateSetup,
  { texts, failures }: Answers,
  signal: AbortSignal | undefined,
): Promise<Answered> {
  const failureOf = (item: Item) => answersTo(item, sampling).flatMap(({ key }) => failures.get(key) ?? [])[0];
  const failed = new Map(
    items.flatMap((item) => {
      const why = failureOf(item);
      return why === undefined ? [] : [[item.id, why] as const];
    }),
  );
  const asked = items.filter(({ id }) => !failed.has(id));
  const scales = await boxScales(
    checkpoints.map((checkpoint) => (isEndpointPath(checkpoint.path) ? undefined : checkpoint)),
    asked.map(({ question }) => question),
    signal,
    pixels,
  );
  const givens = asked.map((item): Given => {
    const { id, setting, question } = item;
    const keys = answersTo(item, sampling).map(({ key }) => key);
    const answers = texts.map((known) => keys.map((key) => known.get(key)!));
    const byRules = answers.map((all, checkpoint) =>
      all.map((text) => isRight(text, question, scales[checkpoint]!.get(question.images[0] ?? ''))),
    );
    return { id, setting, question, texts: answers, byRules };
  });
  return { givens, failed };
}

/** The questions of the result, answered and judged. */
function judged(setup: EvaluateSetup, givens: readonly Given[], second: SecondOpinion | undefined) {
  const { sets, items } = setup;
  const asked = new Map(items.map(({ id, question }) => [id, question]));
  const byId = new Map<string, EvaluatedQuestion>();
  for (const given of givens) {
    const own = byId.get(given.id) ?? describe(given.id, asked.get(given.id)!, sets);
    byId.set(given.id, own);
    settle(own, given, second);
  }
  return [...byId.values()];
}

function resultOf(
  setup: EvaluateSetup,
  { givens, failed }: Answered,
  second: SecondOpinion | undefined,
  origin: Provenance,
): EvaluateResult {
  const { request, sets, checkpoints, labels, fingerprints, sampling, protocol } = setup;
  const questions = judged(setup, givens, second);
  if (questions.length === 0)
    throw new FrankensteinError(
      'malformed',
      `No question of ${shown(sets.data)} could be asked; the first problem: ${[...failed.values()][0]!}`,
    );
  const roles = checkpoints.map((_, index) => request.checkpoints[index]!.role ?? null);
  const described = sets.sets.map(({ name, questions: own, abilities }) => ({
    name,
    questions: own.length,
    abilities,
  }));
  return {
    schema: 1,
    kind: request.kind,
    checkpoints: checkpoints.map(({ path: location, family }, index) => ({
      label: labels[index]!,
      path: location,
      recipe: request.checkpoints[index]!.recipe ?? null,
      role: roles[index]!,
      family,
      fingerprint: fingerprints[index]!,
    })),
    data: sets.data,
    dataFingerprint: sets.fingerprint,
    sets: described,
    maxNewTokens: request.maxNewTokens,
    seed: request.seed,
    ...(protocol && { protocol }),
    grading: GRADING_VERSION,
    grader: request.grader?.model ?? null,
    ...(request.grader && request.graderScope === 'all' && { graderScope: request.graderScope }),
    describer: request.describer?.model ?? null,
    questions,
    ...figuresOf(questions, { sets: described, roles, answers: sampling?.answers ?? 1, seed: request.seed }),
    ...(second && request.graderScope === 'all' && { agreement: agreementsOf(givens, second, checkpoints.length) }),
    axis: request.axis ?? null,
    warnings: [
      ...new Set([
        ...setup.warnings,
        ...failuresLeftOut('question', 'asked', [...failed], ([id, why]) => `${shown(id)}: ${why}`),
      ]),
    ],
    provenance: origin,
  };
}

function describe(
  id: string,
  { task, prompt, answer, answerType, choices, precision, images, description, variantOf }: Question,
  { folder }: QuestionSets,
): EvaluatedQuestion {
  const names = images.map((image) => path.relative(folder, image).replaceAll(path.sep, '/'));
  return {
    id,
    set: id.slice(0, id.indexOf('/')),
    task: task ?? null,
    prompt,
    truth: answer,
    answerType,
    // What judging needs beside the truth: stored answers are judged again without the set.
    ...(answerType === 'choice' && { choices: choices === undefined ? null : [...choices] }),
    ...(answerType === 'number' && { precision: precision ?? null }),
    image: names[0] ?? null,
    ...(names.length > 1 ? { images: names } : {}),
    description: description ?? null,
    ...(variantOf === undefined ? {} : { variantOf }),
    answers: {},
    right: {},
    counts: {},
  };
}
