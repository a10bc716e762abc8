/** Writes a large checkpoint: node largeModel.cjs 3B|7B FOLDER PROCESSOR. Prints its bytes as JSON. */
import { QWEN_3B, QWEN_7B, writeLargeModel } from '../fixtures/largeModel.js';

const [shape, folder, processor] = process.argv.slice(2);
void writeLargeModel(folder!, shape === '7B' ? QWEN_7B : QWEN_3B, processor!).then((bytes) =>
  console.log(JSON.stringify({ bytes })),
);
