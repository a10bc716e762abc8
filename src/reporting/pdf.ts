/** A drawing as a PDF: vectors and text, one page of the drawing's size. */
import bold from 'dejavu-fonts-ttf/ttf/DejaVuSans-Bold.ttf';
import regular from 'dejavu-fonts-ttf/ttf/DejaVuSans.ttf';
import PDFDocument from 'pdfkit';
import svgToPdf from 'svg-to-pdfkit';
import type { Drawing } from '../../webview/exporters/drawing.js';
import { FrankensteinError } from '../engine/errors.js';

/** @param date of the file: the same report is the same bytes */
export function pdfOf({ svg, width, height }: Drawing, title: string, date: Date): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const fonts = { regular: Buffer.from(regular), bold: Buffer.from(bold) };
    const document = new PDFDocument({
      size: [width, height],
      margin: 0,
      // Named at once: the library's own fonts have no Greek, and are files beside it.
      font: fonts.regular as never,
      info: { Title: title, Producer: 'Frankenstein Lab', Creator: 'Frankenstein Lab', CreationDate: date },
    });
    document.registerFont('regular', fonts.regular);
    document.registerFont('bold', fonts.bold);
    const parts: Buffer[] = [];
    document.on('data', (part: Buffer) => parts.push(part));
    document.on('end', () => resolve(Buffer.concat(parts)));
    document.on('error', reject);
    svgToPdf(document, svg, 0, 0, {
      assumePt: true,
      fontCallback: (_, isBold) => (isBold ? 'bold' : 'regular'),
      warningCallback: (warning) => reject(new FrankensteinError('internal', `A figure cannot be a PDF: ${warning}`)),
    });
    document.end();
  });
}
