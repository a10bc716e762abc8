/** The parts of these packages that a report uses. */
declare module '*.ttf' {
  const bytes: Uint8Array;
  export default bytes;
}
declare module 'fontkit' {
  export interface Font {
    postscriptName: string;
  }
  export function create(bytes: Uint8Array): Font;
}
declare module 'pdfkit' {
  import type { Readable } from 'node:stream';
  import type { Font } from 'fontkit';
  export default class PDFDocument extends Readable {
    constructor(options: { size: [number, number]; margin: number; font: Font; info: Record<string, string | Date> });
    registerFont(name: string, font: Font): this;
    end(): void;
  }
}
declare module 'svg-to-pdfkit' {
  import type PDFDocument from 'pdfkit';
  export default function svgToPdf(
    document: PDFDocument,
    svg: string,
    x: number,
    y: number,
    options: {
      assumePt: boolean;
      fontCallback: (family: string, bold: boolean, italic: boolean) => string;
      warningCallback: (warning: string) => void;
    },
  ): void;
}
