/** `endpoint:URL#MODEL`: a model behind an address, where answers are asked. It has no weights to read. */
import { FrankensteinError } from '../errors.js';
import { shown } from './failure.js';

const SCHEME = 'endpoint:';

export function isEndpointPath(place: string): boolean {
  return place.startsWith(SCHEME);
}

/** @throws `bad-request` for a path without an address or a model */
export function endpointOf(place: string): { url: string; model: string } {
  const rest = place.slice(SCHEME.length);
  const mark = rest.indexOf('#');
  const [url, model] = [rest.slice(0, mark).trim(), rest.slice(mark + 1).trim()];
  if (mark <= 0 || url === '' || model === '')
    throw new FrankensteinError(
      'bad-request',
      `"${shown(place)}" names no model at an address: write endpoint:URL#MODEL, such as ` +
        'endpoint:http://localhost:8000/v1#my-model.',
    );
  return { url, model };
}

export function endpointPath({ url, model }: { url: string; model: string }): string {
  return `${SCHEME}${url}#${model}`;
}
