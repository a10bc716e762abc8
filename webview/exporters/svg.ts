/** A small SVG writer: elements as strings, everything escaped. No DOM, so that a drawing can be tested as text. */

export const DRAWING_FONT = "system-ui, -apple-system, 'Segoe UI', 'DejaVu Sans', sans-serif";

export type Attributes = Record<string, string | number | null | undefined>;

/** `content` is markup that this module made; use `text` for words. */
export function element(name: string, attributes: Attributes, ...content: string[]): string {
  const written = Object.entries(attributes)
    .filter(([, value]) => value !== null && value !== undefined)
    .map(([key, value]) => ` ${key}="${typeof value === 'number' ? round(value) : escape(String(value))}"`)
    .join('');
  const inner = content.join('');
  return inner === '' ? `<${name}${written}/>` : `<${name}${written}>${inner}</${name}>`;
}

export function text(attributes: Attributes, words: string): string {
  return element('text', attributes, escape(words));
}

export function escape(value: string): string {
  return (
    value
      // eslint-disable-next-line no-control-regex -- XML 1.0 has no way to write these
      .replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, '')
      .replace(/&/g, '&amp;')
      .replace(/</g, '&lt;')
      .replace(/>/g, '&gt;')
      .replace(/"/g, '&quot;')
  );
}

/** Good enough to set words side by side without measuring. */
export function textWidth(words: string, size = 12): number {
  return words.length * size * 0.56;
}

/** Path through points; null breaks the line. A lone point becomes no segment. */
export function linePath(points: readonly ({ x: number; y: number } | null)[]): string {
  let path = '';
  let pen = false;
  for (const point of points) {
    if (point === null) pen = false;
    else {
      path += `${pen ? 'L' : 'M'}${round(point.x)} ${round(point.y)}`;
      pen = true;
    }
  }
  return path;
}

/** A whole file: title and description for those who do not see it, on a background of its own. */
export function svgDocument(
  options: { width: number; height: number; title: string; description: string; background: string },
  ...content: string[]
): string {
  const { width, height } = options;
  return (
    '<?xml version="1.0" encoding="UTF-8"?>\n' +
    element(
      'svg',
      {
        xmlns: 'http://www.w3.org/2000/svg',
        width,
        height,
        viewBox: `0 0 ${width} ${height}`,
        role: 'img',
        'aria-labelledby': 'title description',
        'font-family': DRAWING_FONT,
        'font-size': 12,
      },
      '\n',
      element('title', { id: 'title' }, escape(options.title)),
      '\n',
      element('desc', { id: 'description' }, escape(options.description)),
      '\n',
      element('rect', { width, height, fill: options.background }),
      '\n',
      content.join('\n'),
      '\n',
    ) +
    '\n'
  );
}

function round(value: number): string {
  return String(Math.round(value * 100) / 100);
}
