/**
 * What is left beside the matrix products, in AssemblyScript, which becomes WebAssembly with two float64 per
 * instruction (`scripts/assembly.mjs`). All pointers are byte addresses of float64 values; memory is laid out by
 * `kernel.ts`.
 */

/** Bytes of a float64. */
const SIZE: usize = 8;

/** @returns the pages there were; below zero when there are no more to be had. */
export function grow(pages: i32): i32 {
  return memory.grow(pages);
}

/** Σ aᵢ·bᵢ. */
function dot(a: usize, b: usize, count: i32): f64 {
  let first = f64x2.splat(0);
  let second = f64x2.splat(0);
  let third = f64x2.splat(0);
  let fourth = f64x2.splat(0);
  const end = a + <usize>(count & ~7) * SIZE;
  while (a < end) {
    first = f64x2.add(first, f64x2.mul(v128.load(a), v128.load(b)));
    second = f64x2.add(second, f64x2.mul(v128.load(a, 16), v128.load(b, 16)));
    third = f64x2.add(third, f64x2.mul(v128.load(a, 32), v128.load(b, 32)));
    fourth = f64x2.add(fourth, f64x2.mul(v128.load(a, 48), v128.load(b, 48)));
    a += 64;
    b += 64;
  }
  const both = f64x2.add(f64x2.add(first, second), f64x2.add(third, fourth));
  let sum = f64x2.extract_lane(both, 0) + f64x2.extract_lane(both, 1);
  for (let rest = count & 7; rest > 0; rest--) {
    sum += load<f64>(a) * load<f64>(b);
    a += SIZE;
    b += SIZE;
  }
  return sum;
}

/** yᵢ ← yᵢ − factor·xᵢ. */
function subtract(y: usize, x: usize, factor: f64, count: i32): void {
  const both = f64x2.splat(factor);
  const end = y + <usize>(count & ~3) * SIZE;
  while (y < end) {
    v128.store(y, f64x2.sub(v128.load(y), f64x2.mul(both, v128.load(x))));
    v128.store(y, f64x2.sub(v128.load(y, 16), f64x2.mul(both, v128.load(x, 16))), 16);
    y += 32;
    x += 32;
  }
  for (let rest = count & 3; rest > 0; rest--) {
    store<f64>(y, load<f64>(y) - factor * load<f64>(x));
    y += SIZE;
    x += SIZE;
  }
}

/**
 * Row `index` of `rows`, each of `length` elements, without its components along the rows before it, which are
 * orthonormal, and of length one. @returns false where no more than `least` of its length is left.
 */
export function orthogonalize(rows: usize, index: i32, length: i32, least: f64): bool {
  const line = <usize>length * SIZE;
  const row = rows + <usize>index * line;
  const before = Math.sqrt(dot(row, row, length));
  for (let other = rows; other < row; other += line) subtract(row, other, dot(row, other, length), length);
  const after = Math.sqrt(dot(row, row, length));
  // Not so for NaN either.
  if (!(after > least * before)) return false;
  for (let location = row; location < row + line; location += SIZE) store<f64>(location, load<f64>(location) / after);
  return true;
}

/**
 * Householder factorisation of `count` vectors of `length` elements, which lie as rows: vector k to zero after element
 * `first + k`. Reflectors replace the vectors; `triangle[l · count + k]`, k ≤ l, is what is left of vector l;
 * `factor` is the upper triangular T of I − Vᵀ·T·V (Schreiber & Van Loan 1989). Both are zero before the call.
 */
export function factorPanel(vectors: usize, count: i32, length: i32, first: i32, triangle: usize, factor: usize): void {
  const row = <usize>length * SIZE;
  const line = <usize>count * SIZE;
  for (let k = 0; k < count; k++) {
    const vector = vectors + <usize>k * row;
    const position = first + k;
    if (position >= length) {
      memory.fill(vector, 0, row);
      continue;
    }
    const pivot = vector + <usize>position * SIZE;
    const rest = length - position;
    const alpha = load<f64>(pivot);
    const squares = dot(pivot + SIZE, pivot + SIZE, rest - 1);
    let beta = alpha;
    let tau: f64 = 0;
    if (squares > 0) {
      const norm = Math.sqrt(alpha * alpha + squares);
      beta = alpha > 0 ? -norm : norm;
      tau = (beta - alpha) / beta;
      const scale = 1 / (alpha - beta);
      for (let location = pivot + SIZE, end = pivot + <usize>rest * SIZE; location < end; location += SIZE)
        store<f64>(location, load<f64>(location) * scale);
    }
    store<f64>(triangle + <usize>k * line + <usize>k * SIZE, beta);
    store<f64>(pivot, 1);
    memory.fill(vector, 0, pivot - vector);
    for (let l = k + 1; l < count; l++) {
      const other = vectors + <usize>l * row + <usize>position * SIZE;
      if (tau != 0) subtract(other, pivot, tau * dot(other, pivot, rest), rest);
      store<f64>(triangle + <usize>l * line + <usize>k * SIZE, load<f64>(other));
    }
    // Column k of T: −tau·T·V·vₖ.
    for (let l = 0; l < k; l++)
      store<f64>(
        factor + <usize>l * line + <usize>k * SIZE,
        dot(vectors + <usize>l * row + <usize>position * SIZE, pivot, rest),
      );
    for (let l = 0; l < k; l++) {
      let sum: f64 = 0;
      for (let j = l; j < k; j++)
        sum +=
          load<f64>(factor + <usize>l * line + <usize>j * SIZE) * load<f64>(factor + <usize>j * line + <usize>k * SIZE);
      store<f64>(factor + <usize>l * line + <usize>k * SIZE, -tau * sum);
    }
    store<f64>(factor + <usize>k * line + <usize>k * SIZE, tau);
  }
}

/**
 * Makes the reflector of `length` elements that lie `step` bytes apart, and applies it to them. @returns tau; 0 for
 * none.
 */
function reflect(begin: usize, step: usize, length: i32, reflector: usize): f64 {
  let squares: f64 = 0;
  let location = begin;
  for (let index = 1; index < length; index++) {
    location += step;
    const value = load<f64>(location);
    squares += value * value;
  }
  const alpha = load<f64>(begin);
  let beta = alpha;
  let scale: f64 = 0;
  let tau: f64 = 0;
  if (squares > 0) {
    const norm = Math.sqrt(alpha * alpha + squares);
    beta = alpha > 0 ? -norm : norm;
    scale = 1 / (alpha - beta);
    tau = (beta - alpha) / beta;
  }
  store<f64>(begin, beta);
  store<f64>(reflector, 1);
  location = begin;
  for (let index = 1; index < length; index++) {
    location += step;
    reflector += SIZE;
    store<f64>(reflector, load<f64>(location) * scale);
    store<f64>(location, 0);
  }
  return tau;
}

/**
 * From the left, to `rows` rows of `columns` elements: A − tau·v·(vᵀ·A), eight columns at a time, which stay in
 * registers.
 */
function applyLeft(begin: usize, stride: usize, rows: i32, columns: i32, reflector: usize, tau: f64): void {
  const end = reflector + <usize>rows * SIZE;
  const minus = f64x2.splat(-tau);
  let column = 0;
  for (; column + 8 <= columns; column += 8) {
    let a = f64x2.splat(0);
    let b = f64x2.splat(0);
    let c = f64x2.splat(0);
    let d = f64x2.splat(0);
    let location = begin;
    for (let v = reflector; v < end; v += SIZE) {
      const factor = v128.load64_splat(v);
      a = f64x2.add(a, f64x2.mul(factor, v128.load(location)));
      b = f64x2.add(b, f64x2.mul(factor, v128.load(location, 16)));
      c = f64x2.add(c, f64x2.mul(factor, v128.load(location, 32)));
      d = f64x2.add(d, f64x2.mul(factor, v128.load(location, 48)));
      location += stride;
    }
    a = f64x2.mul(a, minus);
    b = f64x2.mul(b, minus);
    c = f64x2.mul(c, minus);
    d = f64x2.mul(d, minus);
    location = begin;
    for (let v = reflector; v < end; v += SIZE) {
      const factor = v128.load64_splat(v);
      v128.store(location, f64x2.add(v128.load(location), f64x2.mul(factor, a)));
      v128.store(location, f64x2.add(v128.load(location, 16), f64x2.mul(factor, b)), 16);
      v128.store(location, f64x2.add(v128.load(location, 32), f64x2.mul(factor, c)), 32);
      v128.store(location, f64x2.add(v128.load(location, 48), f64x2.mul(factor, d)), 48);
      location += stride;
    }
    begin += 64;
  }
  for (; column < columns; column++) {
    let sum: f64 = 0;
    let location = begin;
    for (let v = reflector; v < end; v += SIZE) {
      sum += load<f64>(v) * load<f64>(location);
      location += stride;
    }
    sum *= -tau;
    location = begin;
    for (let v = reflector; v < end; v += SIZE) {
      store<f64>(location, load<f64>(location) + load<f64>(v) * sum);
      location += stride;
    }
    begin += SIZE;
  }
}

/** From the right, to `rows` rows of `columns` elements: A − tau·(A·v)·vᵀ. */
function applyRight(begin: usize, stride: usize, rows: i32, columns: i32, reflector: usize, tau: f64): void {
  const whole = <usize>(columns & ~1) * SIZE;
  const odd = (columns & 1) != 0;
  let row = 0;
  // Four rows share each element of the reflector.
  for (; row + 4 <= rows; row += 4) {
    const b = begin + stride;
    const c = b + stride;
    const d = c + stride;
    let first = f64x2.splat(0);
    let second = f64x2.splat(0);
    let third = f64x2.splat(0);
    let fourth = f64x2.splat(0);
    for (let at: usize = 0; at < whole; at += 16) {
      const v = v128.load(reflector + at);
      first = f64x2.add(first, f64x2.mul(v, v128.load(begin + at)));
      second = f64x2.add(second, f64x2.mul(v, v128.load(b + at)));
      third = f64x2.add(third, f64x2.mul(v, v128.load(c + at)));
      fourth = f64x2.add(fourth, f64x2.mul(v, v128.load(d + at)));
    }
    let p = f64x2.extract_lane(first, 0) + f64x2.extract_lane(first, 1);
    let q = f64x2.extract_lane(second, 0) + f64x2.extract_lane(second, 1);
    let r = f64x2.extract_lane(third, 0) + f64x2.extract_lane(third, 1);
    let s = f64x2.extract_lane(fourth, 0) + f64x2.extract_lane(fourth, 1);
    if (odd) {
      const v = load<f64>(reflector + whole);
      p += v * load<f64>(begin + whole);
      q += v * load<f64>(b + whole);
      r += v * load<f64>(c + whole);
      s += v * load<f64>(d + whole);
    }
    p *= tau;
    q *= tau;
    r *= tau;
    s *= tau;
    first = f64x2.splat(p);
    second = f64x2.splat(q);
    third = f64x2.splat(r);
    fourth = f64x2.splat(s);
    for (let at: usize = 0; at < whole; at += 16) {
      const v = v128.load(reflector + at);
      v128.store(begin + at, f64x2.sub(v128.load(begin + at), f64x2.mul(v, first)));
      v128.store(b + at, f64x2.sub(v128.load(b + at), f64x2.mul(v, second)));
      v128.store(c + at, f64x2.sub(v128.load(c + at), f64x2.mul(v, third)));
      v128.store(d + at, f64x2.sub(v128.load(d + at), f64x2.mul(v, fourth)));
    }
    if (odd) {
      const v = load<f64>(reflector + whole);
      store<f64>(begin + whole, load<f64>(begin + whole) - v * p);
      store<f64>(b + whole, load<f64>(b + whole) - v * q);
      store<f64>(c + whole, load<f64>(c + whole) - v * r);
      store<f64>(d + whole, load<f64>(d + whole) - v * s);
    }
    begin = d + stride;
  }
  for (; row < rows; row++) {
    subtract(begin, reflector, tau * dot(begin, reflector, columns), columns);
    begin += stride;
  }
}

/**
 * Takes rows `start` … `end` of an upper band to bidiagonal form; see `chase.ts`. Element (r, c) is number
 * `r · stride + c + width` of `values`. `reflector` has room for `width` elements.
 */
export function chase(values: usize, size: i32, width: i32, stride: i32, start: i32, end: i32, reflector: usize): void {
  const step = <usize>stride * SIZE;
  for (let index = start; index < end; index++) {
    let row = index;
    let from = index + 1;
    let to = min(index + width, size - 1);
    // A single element has nothing beside it to annihilate.
    while (to > from) {
      const length = to - from + 1;
      const last = min(to + width, size - 1);
      const top = values + <usize>row * step + <usize>(from + width) * SIZE;
      const right = reflect(top, SIZE, length, reflector);
      if (right != 0) applyRight(top + step, step, to - row, length, reflector, right);
      const corner = values + <usize>from * step + <usize>(from + width) * SIZE;
      const left = reflect(corner, step, length, reflector);
      if (left != 0) applyLeft(corner + SIZE, step, length, last - from, reflector, left);
      row = from;
      from = to + 1;
      to = last;
    }
  }
}
