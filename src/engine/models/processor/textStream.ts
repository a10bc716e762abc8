/** Text of tokens as they arrive. */

/** Tokens that stay as context of the next ones: some decoders treat the first token apart. */
const KEPT = 8;
/** Bytes of a character, each of which can be a token. */
const LONGEST = 4;
/** After this many tokens, earlier ones are dropped as soon as no character is incomplete. */
const WINDOW = 64;
/** Tokens after which what is still no character is given out as it is: the model talks nonsense. */
const PATIENCE = 512;

/**
 * Gives each token's text as soon as it is certain. A character whose bytes are spread over several tokens comes with
 * the last of them, never in pieces.
 */
export class TextStream {
  private ids: number[] = [];
  /** Characters of the window's text that were handed out. */
  private given = 0;

  constructor(private readonly decode: (ids: readonly number[]) => string) {}

  /** The text that the token adds; empty while a character is incomplete. */
  push(id: number): string {
    this.ids.push(id);
    const text = this.decode(this.ids);
    // An incomplete character shows as replacement characters at the end.
    const certain = this.ids.length > PATIENCE ? text.length : text.replace(/\ufffd+$/, '').length;
    const added = text.slice(this.given, certain);
    this.given = Math.max(this.given, certain);
    if (this.ids.length > WINDOW && certain === text.length) this.forget();
    return added;
  }

  /** Lets early tokens go, cutting between characters: a cut inside one would spoil what is decoded with it. */
  private forget(): void {
    for (let kept = KEPT; kept < KEPT + LONGEST; kept++) {
      const ids = this.ids.slice(-kept);
      const text = this.decode(ids);
      if (text.startsWith('\ufffd') && this.ids.length <= PATIENCE) continue;
      this.ids = ids;
      this.given = text.length;
      return;
    }
  }

  /** What was held back, once no token follows. */
  end(): string {
    const rest = this.decode(this.ids).slice(this.given);
    this.ids = [];
    this.given = 0;
    return rest;
  }
}
