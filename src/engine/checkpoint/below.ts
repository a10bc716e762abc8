/** Whether a file lies in a folder, links followed: names in data files are not trusted. */
import { realpath } from 'node:fs/promises';
import path from 'node:path';

/** @param full of a file that is there. @throws what the operating system says where it is not. */
export async function liesBelow(folder: string, full: string): Promise<boolean> {
  const [root, real] = await Promise.all([realpath(folder), realpath(full)]);
  const inside = path.relative(root, real);
  return inside !== '' && !inside.startsWith('..') && !path.isAbsolute(inside);
}
