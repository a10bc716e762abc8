// The licences of everything that is bundled, as their authors ask: name, version, licence, text.
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';

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
  const parts = [...folders].sort().map((folder) => {
    const { name, version, license, licenses } = JSON.parse(
      readFileSync(path.join(root, folder, 'package.json'), 'utf8'),
    );
    const file = readdirSync(path.join(root, folder)).find((entry) => /^(licen[cs]e|copying)/i.test(entry));
    const text =
      file && existsSync(path.join(root, folder, file))
        ? readFileSync(path.join(root, folder, file), 'utf8').trim()
        : 'The package ships no licence text.';
    return `${name} ${version} (${license ?? licenses?.[0]?.type ?? 'no licence named'})\n\n${text}\n`;
  });
  return `Frankenstein Lab contains the following packages.\n\n${parts.join(`\n${'-'.repeat(80)}\n\n`)}`;
}
