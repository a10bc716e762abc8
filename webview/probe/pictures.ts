/** Pictures of data sets, asked of the host once and kept as object URLs while the view lives. */
import { h, replace } from '../dom.js';

export interface Pictures {
  /** A frame that fills itself. `key` tells pictures apart. */
  frame(key: string, alt: string, load: () => Promise<{ type: string; bytes: ArrayBuffer }>): HTMLElement;
  dispose(): void;
}

const KEPT = 60;

export function createPictures(): Pictures {
  const urls = new Map<string, Promise<string>>();
  const forget = (key: string, url: Promise<string>) => {
    urls.delete(key);
    void url.then(
      (own) => URL.revokeObjectURL(own),
      () => undefined,
    );
  };
  return {
    frame(key, alt, load) {
      const frame = h('div', { class: 'picture', 'aria-busy': 'true' });
      const known = urls.get(key);
      const url = known ?? load().then(({ type, bytes }) => URL.createObjectURL(new Blob([bytes], { type })));
      urls.delete(key);
      urls.set(key, url);
      url.then(
        (src) => {
          frame.removeAttribute('aria-busy');
          const image = h('img', { src, alt, 'data-testid': 'picture' });
          image.addEventListener('error', () =>
            replace(frame, h('span', { class: 'muted' }, 'This image cannot be shown.')),
          );
          replace(frame, image);
        },
        (error: unknown) => {
          urls.delete(key);
          frame.removeAttribute('aria-busy');
          replace(
            frame,
            h('span', { class: 'muted', role: 'alert' }, error instanceof Error ? error.message : String(error)),
          );
        },
      );
      for (const [oldest, its] of urls) {
        if (urls.size <= KEPT) break;
        forget(oldest, its);
      }
      return frame;
    },
    dispose() {
      for (const [key, url] of [...urls]) forget(key, url);
    },
  };
}
