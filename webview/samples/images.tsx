/** Images of data sets, asked of the host once and kept as object URLs while the view lives. */
import { useEffect, useState } from 'preact/hooks';
import type { ImageBytes } from '../../src/protocol/hostApi.js';

export interface SampleImages {
  /** Its object URL. `key` tells images apart. */
  url(key: string, load: () => Promise<ImageBytes>): Promise<string>;
  dispose(): void;
}

const KEPT = 60;

export function createImages(): SampleImages {
  const urls = new Map<string, Promise<string>>();
  const forget = (key: string, url: Promise<string>) => {
    urls.delete(key);
    void url.then(
      (own) => URL.revokeObjectURL(own),
      () => undefined,
    );
  };
  return {
    url(key, load) {
      const url = urls.get(key) ?? load().then(({ type, bytes }) => URL.createObjectURL(new Blob([bytes], { type })));
      urls.delete(key);
      urls.set(key, url);
      url.catch(() => urls.delete(key));
      for (const [oldest, its] of urls) {
        if (urls.size <= KEPT) break;
        forget(oldest, its);
      }
      return url;
    },
    dispose() {
      for (const [key, url] of [...urls]) forget(key, url);
    },
  };
}

/** Images of one view, which go with it. */
export function useImages(): SampleImages {
  const [images] = useState(createImages);
  useEffect(() => () => images.dispose(), []);
  return images;
}

/** A frame that fills itself. */
export function ImageSource({
  images,
  id,
  alt,
  title,
  load,
}: {
  images: SampleImages;
  id: string;
  alt: string;
  title?: string;
  load: () => Promise<ImageBytes>;
}) {
  const [shown, setShown] = useState<{ id: string; src?: string; error?: string } | null>(null);
  useEffect(() => {
    let here = true;
    const show = (now: { src?: string; error?: string }) => here && setShown({ id, ...now });
    images.url(id, load).then(
      (src) => show({ src }),
      (error: unknown) => show({ error: error instanceof Error ? error.message : String(error) }),
    );
    return () => {
      here = false;
    };
  }, [id]);
  const now = shown?.id === id ? shown : null;
  return (
    <div class="sample-image" title={title} aria-busy={now === null ? true : undefined}>
      {now?.src === undefined ? null : (
        <img
          src={now.src}
          alt={alt}
          data-testid="image"
          onError={() => setShown({ id, error: 'This image cannot be shown.' })}
        />
      )}
      {now?.error === undefined ? null : (
        <span class="muted" role="alert">
          {now.error}
        </span>
      )}
    </div>
  );
}
