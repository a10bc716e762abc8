/** The samples that a probe without points measured: attention and routing list them all, and show one in full. */
import type { ComponentChildren } from 'preact';
import { ImageSource } from '../samples/images.js';
import { Facts, SampleHead, SampleList } from '../samples/samplePane.js';
import type { TabProps } from './localization.js';
import { plainPrompt } from './model.js';

interface Measured {
  id: string;
  prompt: string;
}

interface MeasuredSamplesProps<Sample extends Measured> extends TabProps {
  /** Begins the test ids. */
  name: string;
  samples: readonly Sample[];
  /** What its row says below the prompt. */
  summary: (sample: Sample) => string;
  /** Stands where none is chosen. */
  hint: string;
  children: (sample: Sample) => ComponentChildren;
}

export function MeasuredSamples<Sample extends Measured>({
  name,
  samples,
  summary,
  hint,
  children,
  store,
  view,
}: MeasuredSamplesProps<Sample>) {
  const open = samples.find(({ id }) => id === view.sample);
  return (
    <section class="block behind" aria-label="Samples">
      <div class="behind-head">
        <h2>Samples</h2>
        <span class="muted">{samples.length}</span>
      </div>
      <div class="behind-body">
        <SampleList
          noun="sample"
          testId={`${name}-samples`}
          label="Samples"
          items={samples.map((sample) => ({
            id: sample.id,
            row: () => (
              <span class="sample-text">
                <span class="sample-prompt">{plainPrompt(sample.prompt)}</span>
                <span class="sample-answers whole">{summary(sample)}</span>
              </span>
            ),
          }))}
          empty=""
          selected={open?.id ?? null}
          onSelect={(id) => store.set({ sample: id })}
        />
        <div class="sample-detail" data-testid={`${name}-sample`}>
          {open === undefined ? <p class="muted">{hint}</p> : children(open)}
        </div>
      </div>
    </section>
  );
}

interface MeasuredSampleProps extends TabProps {
  /** One of the model's. */
  result: TabProps['model']['results'][number];
  sample: Measured;
  /** How many images it has. */
  count: number;
  facts: readonly (readonly [string, ComponentChildren])[];
}

/** One of them: prompt, images, and what was found. */
export function MeasuredSample({ host, images, model, result, sample, count, facts }: MeasuredSampleProps) {
  const index = model.results.indexOf(result);
  return (
    <div>
      <SampleHead id={sample.id} prompt={plainPrompt(sample.prompt)} />
      {count === 0 ? null : (
        <div class="image-pair">
          {Array.from({ length: count }, (_, image) => (
            <figure key={image}>
              <ImageSource
                images={images}
                id={`${index}/${sample.id}/image/${image}`}
                alt={`Image ${image + 1}`}
                load={() => host.sampleImage({ result: index, sample: sample.id, which: 'image', index: image })}
              />
            </figure>
          ))}
        </div>
      )}
      <Facts facts={facts} />
    </div>
  );
}
