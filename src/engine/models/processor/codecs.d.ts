/** What the image codecs look like from TypeScript: neither package types the parts used here. */

declare module '@cornerstonejs/codec-libjpeg-turbo-8bit/decodewasmjs' {
  /** Wraps libjpeg-turbo's decompressor; lives in the module's memory until `delete()`. */
  export interface JpegDecoder {
    /** A view of `bytes` bytes to copy the file into. */
    getEncodedBuffer(bytes: number): Uint8Array;
    /** Throws a number (the address of a C++ exception) on every error and every warning. */
    decode(): void;
    getFrameInfo(): { width: number; height: number; bitsPerSample: number; componentCount: number };
    /** A view of the image: rows of interleaved samples, one (grey) or three (RGB) per pixel. */
    getDecodedBuffer(): Uint8ClampedArray;
    delete(): void;
  }
  export interface JpegCodec {
    JPEGDecoder: new () => JpegDecoder;
  }
  type Instantiate = (imports: WebAssembly.Imports, done: (instance: WebAssembly.Instance) => void) => object;
  export default function create(options: {
    instantiateWasm: Instantiate;
    print: (line: string) => void;
    printErr: (line: string) => void;
  }): Promise<JpegCodec>;
}

declare module '@cornerstonejs/codec-libjpeg-turbo-8bit/decodewasm' {
  const bytes: Uint8Array<ArrayBuffer>;
  export default bytes;
}

declare module '@cwasm/webp/webp.wasm' {
  const bytes: Uint8Array<ArrayBuffer>;
  export default bytes;
}
