/** Compiled from the `.assembly.ts` of the same name by `scripts/assembly.mjs`, which bundles use as a plugin. */
declare module '*.wasm' {
  const bytes: Uint8Array<ArrayBuffer>;
  export default bytes;
}
