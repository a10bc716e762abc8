// The licences of everything that is bundled, as their authors ask: name, version, licence, text.
import { readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';

const LICENCES = path.join('scripts', 'licences');

/**
 * What packages have inside them: packages that were bundled into them, and libraries whose texts they do not ship.
 * Those lie in `scripts/licences`; ONNX Runtime's are of the version that package.json names.
 * @type {Record<string, {packages?: string[], texts?: Record<string, string>}>}
 */
const INSIDE = {
  '@cortex-js/compute-engine': { packages: ['complex-esm', 'decimal.js'] },
  '@cornerstonejs/codec-libjpeg-turbo-8bit': { texts: { 'libjpeg-turbo': 'libjpeg-turbo.txt' } },
  '@cwasm/webp': { texts: { libwebp: 'libwebp.txt' } },
  'onnxruntime-node': {
    texts: {
      'ONNX Runtime': 'onnxruntime.txt',
      'What ONNX Runtime contains': 'onnxruntime-third-party.txt',
    },
  },
};

/**
 * @param {{inputs: Record<string, unknown>}[]} metafiles what esbuild says it bundled
 * @param {string[]} shipped packages that go along unbundled
 * @param {string} root
 */
export function notices(metafiles, shipped, root) {
  const folders = new Set(shipped.map((name) => path.join('node_modules', name)));
  for (const file of metafiles.flatMap(({ inputs }) => Object.keys(inputs))) {
    // The innermost package, also where one lies inside another.
    const found = /^(?:.*\/)?node_modules\/(?:@[^/]+\/)?[^/]+/.exec(file);
    if (found) folders.add(found[0]);
  }
  /** @type {string[]} */
  const texts = [];
  for (const folder of [...folders]) {
    const { packages = [], texts: inside = {} } = INSIDE[folder.slice('node_modules/'.length)] ?? {};
    for (const name of packages) folders.add(path.join('node_modules', name));
    for (const [name, file] of Object.entries(inside))
      texts.push(`${name}\n\n${readFileSync(path.join(root, LICENCES, file), 'utf8').trim()}\n`);
  }
  const parts = [...[...folders].sort().map((folder) => noticeOf(path.join(root, folder))), ...texts];
  return `Frankenstein Lab contains the following packages and libraries.\n\n${parts.join(`\n${'-'.repeat(80)}\n\n`)}`;
}

/** @param {string} folder of a package */
function noticeOf(folder) {
  const { name, version, license, licenses } = JSON.parse(readFileSync(path.join(folder, 'package.json'), 'utf8'));
  const file = readdirSync(folder).find((entry) => /^(licen[cs]e|copying)/i.test(entry));
  const text = file ? readFileSync(path.join(folder, file), 'utf8').trim() : 'The package ships no licence text.';
  return `${name} ${version} (${license ?? licenses?.[0]?.type ?? 'no licence named'})\n\n${text}\n`;
}
