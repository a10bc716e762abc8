/** The parts of these packages that a report uses. */
declare module '*.ttf' {
  const bytes: Uint8Array;
  export default bytes;
}
declare module 'pdfkit' {
  import type { Readable } from 'node:stream';
  export default class PDFDocument extends Readable {
    constructor(options: { size: [number, number]; margin: number; font: never; info: Record<string, string | Date> });
    registerFont(name: string, bytes: Uint8Array): this;
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
