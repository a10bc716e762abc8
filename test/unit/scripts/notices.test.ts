import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, it } from 'vitest';
import { notices } from '../../../scripts/notices.mjs';

const root = path.resolve(process.env['FRANKENSTEIN_ROOT'] ?? '.');
const bundled = (...packages: string[]) => [
  { inputs: Object.fromEntries(packages.map((name) => [`node_modules/${name}/index.js`, {}])) },
];

describe('third-party notices', () => {
  it('have the packages that are bundled, with their licences', () => {
    const text = notices(bundled('yaml', 'commander'), [], root);
    assert.match(text, /^yaml \d.*\(ISC\)$/m);
    assert.match(text, /^commander \d.*\(MIT\)$/m);
    assert.doesNotMatch(text, /libwebp/);
  });

  it('have what packages contain: other packages, and the libraries that were compiled into them', () => {
    const inside = bundled('@cwasm/webp', '@cornerstonejs/codec-libjpeg-turbo-8bit', '@cortex-js/compute-engine');
    const text = notices(inside, [], root);
    assert.match(text, /^libwebp\n\nCopyright \(C\) 2010, Google Inc\./m);
    assert.match(text, /based in part on the work of the Independent JPEG Group/);
    assert.match(text, /^decimal\.js \d.*\(MIT\)\n\nThe MIT Licence\./m);
    assert.match(text, /^complex-esm \d/m);
  });

  it('have the notices of the ONNX Runtime that is shipped', () => {
    const { dependencies } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8')) as {
      dependencies: Record<string, string>;
    };
    assert.equal(dependencies['onnxruntime-node'], '1.30.0', 'scripts/licences/onnxruntime*.txt are of 1.30.0');
    const text = notices([], ['onnxruntime-node'], root);
    assert.match(text, /^ONNX Runtime\n\nMIT License/m);
    assert.match(text, /^What ONNX Runtime contains\n\nTHIRD PARTY SOFTWARE NOTICES/m);
    assert.match(text, /protobuf/i);
    assert.match(text, /Eigen/);
  });
});
