/**
 * Random numbers by place: any element's number can be had without those before it, so blocks can be computed in any
 * order, on any thread, and give the same weights. A 32-bit mixer (the finaliser of MurmurHash3's family, constants of
 * Chris Wellons' lowbias32) over the element's index, keyed by the stream's name.
 */

/** A stream of uniform numbers inside (0, 1), by index. */
export function uniforms(name: string): (index: number) => number {
  const [first, second] = [keyOf(`${name}/0`), keyOf(`${name}/1`)];
  return (index) => {
    const low = mix((index ^ first) >>> 0);
    const high = Math.floor(index / 2 ** 32);
    return (mix((low + Math.imul(high, 0x9e3779b9) + second) >>> 0) + 0.5) / 2 ** 32;
  };
}

/** A stream of standard normal numbers (Box and Muller), by index. */
export function normals(name: string): (index: number) => number {
  const [radius, angle] = [uniforms(`${name}/radius`), uniforms(`${name}/angle`)];
  return (index) => Math.sqrt(-2 * Math.log(radius(index))) * Math.cos(2 * Math.PI * angle(index));
}

function mix(value: number): number {
  let mixed = value ^ (value >>> 16);
  mixed = Math.imul(mixed, 0x7feb352d);
  mixed ^= mixed >>> 15;
  mixed = Math.imul(mixed, 0x846ca68b);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}

/** FNV-1a, mixed. */
function keyOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index++) hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  return mix(hash >>> 0);
}
