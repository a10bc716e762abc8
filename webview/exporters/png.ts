/** What a canvas shows, as a PNG with a background, a title and a legend: on its own the canvas is transparent. */
import type { Theme } from '../theme.js';

export interface PngWords {
  title: string;
  /** One line each, with the colour it is about. */
  legend: { text: string; colour: string }[];
}

export async function canvasPng(source: HTMLCanvasElement, words: PngWords, theme: Theme): Promise<ArrayBuffer> {
  const ratio = source.width / Math.max(1, source.getBoundingClientRect().width);
  const pad = 12 * ratio;
  const line = 18 * ratio;
  const target = document.createElement('canvas');
  target.width = source.width + 2 * pad;
  target.height = source.height + pad + line * (words.legend.length + 1) + pad;
  const ctx = target.getContext('2d')!;
  ctx.fillStyle = theme.background;
  ctx.fillRect(0, 0, target.width, target.height);
  ctx.textBaseline = 'middle';
  ctx.fillStyle = theme.foreground;
  ctx.font = `600 ${13 * ratio}px ${theme.font}`;
  ctx.fillText(words.title, pad, pad + line / 2);
  ctx.font = `${11 * ratio}px ${theme.font}`;
  words.legend.forEach(({ text, colour }, index) => {
    ctx.fillStyle = colour;
    ctx.fillText(text, pad, pad + line * (index + 1.5));
  });
  ctx.drawImage(source, pad, pad + line * (words.legend.length + 1));
  const blob = await new Promise<Blob | null>((resolve) => target.toBlob(resolve, 'image/png'));
  if (blob === null) throw new Error('The figure is too large for a PNG; narrow the panel and export again.');
  return blob.arrayBuffer();
}

/** A drawing as pixels, twice as many for sharp print. */
export async function svgPng(svg: string, width: number, height: number): Promise<ArrayBuffer> {
  const url = URL.createObjectURL(new Blob([svg], { type: 'image/svg+xml' }));
  try {
    const image = new Image(width, height);
    image.src = url;
    await image.decode();
    const canvas = document.createElement('canvas');
    canvas.width = 2 * width;
    canvas.height = 2 * height;
    canvas.getContext('2d')!.drawImage(image, 0, 0, canvas.width, canvas.height);
    const blob = await new Promise<Blob | null>((resolve) => canvas.toBlob(resolve, 'image/png'));
    if (blob === null) throw new Error('The figure is too large for a PNG; show fewer curves and export again.');
    return await blob.arrayBuffer();
  } finally {
    URL.revokeObjectURL(url);
  }
}
