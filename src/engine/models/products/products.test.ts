/** Products of few vectors with bf16 matrices, against the numbers themselves. */
import assert from 'node:assert/strict';
import { describe, it } from 'vitest';
import { holds, MOST_VECTORS, Products } from './products.js';

/** Small whole numbers are exact in bf16, and so are their sums in fp32. */
const weightAt = (row: number, column: number) => ((row * 7 + column * 3) % 5) - 2;
const bitsOf = (value: number) => new Uint32Array(Float32Array.of(value).buffer)[0]! >>> 16;

describe('products with few vectors', () => {
  // Rows that four do not divide, fewer than four, and as many streams as there are rows.
  for (const [rows, columns] of [
    [4, 8],
    [3, 16],
    [37, 24],
    [256, 576],
  ] as const) {
    it(`${rows} × ${columns}, beside another matrix in the same memory`, async () => {
      const products = await Products.of([
        { input: 'other', rows: 5, columns: 40 },
        { input: 'own', rows, columns },
      ]);
      const fill = (input: string, size: number, value: (index: number) => number) => {
        const halves = products.allocate(input, Uint16Array, size);
        for (let index = 0; index < size; index++) halves[index] = bitsOf(value(index));
      };
      fill('other', 200, () => 7);
      fill('own', rows * columns, (index) => weightAt(Math.floor(index / columns), index % columns));
      for (let count = 1; count <= MOST_VECTORS; count++) {
        const x = Float32Array.from({ length: count * columns }, (_, index) => (index % 11) - 5);
        const found = products.multiply('own', x, count);
        assert.equal(found.length, count * rows);
        for (let one = 0; one < count; one++)
          for (let row = 0; row < rows; row++) {
            let expected = 0;
            for (let column = 0; column < columns; column++)
              expected += x[one * columns + column]! * weightAt(row, column);
            assert.equal(found[one * rows + row], expected, `vector ${one} of ${count}, row ${row}`);
          }
      }
      assert.equal(products.multiply('other', new Float32Array(40).fill(1), 1)[4], 280);
    });
  }

  it('what is no matrix of theirs lies elsewhere', async () => {
    const products = await Products.of([{ input: 'own', rows: 4, columns: 8 }]);
    const [matrix, vector] = [products.allocate('own', Uint16Array, 32), products.allocate('norm', Float32Array, 8)];
    assert.notEqual(matrix.buffer, vector.buffer);
  });

  it('only matrices of whole eights of columns that a memory holds', () => {
    assert.ok(holds([{ input: 'own', rows: 3, columns: 16 }]));
    assert.ok(!holds([{ input: 'own', rows: 4, columns: 12 }]));
    assert.ok(!holds([{ input: 'own', rows: 1 << 18, columns: 1 << 14 }]), 'eight GiB');
  });
});
