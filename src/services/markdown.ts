/** Text from model files inside Markdown, and in the editor's own surfaces: whatever it says, it stays text. */

/** Everything that means something to Markdown, to HTML or to VS Code's `$(icon)`. */
const SPECIAL = /[\\`*_{}[\]()#+\-.!|<>~$&@:"'=^]/g;
const CONTROL = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu;

/**
 * Safe in running text and in a table cell. HTML entities rather than backslashes: inside a table a backslash before
 * `|` is read twice, and an entity is never markup.
 */
export function escapeMarkdown(text: string): string {
  return text.replace(CONTROL, ' ').replace(SPECIAL, (character) => `&#${character.charCodeAt(0)};`);
}

/** The text as it is, with nothing in it that VS Code would take for a link or an icon. */
export function inert(text: string): string {
  return text.replaceAll('$(', '$ (').replaceAll('](', '] (');
}

/** A name cut in the middle: its ends say most. */
export function shortened(text: string, most = 80): string {
  if (text.length <= most) return text;
  const half = Math.floor((most - 1) / 2);
  return `${text.slice(0, half)}…${text.slice(-half)}`;
}
