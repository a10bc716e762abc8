/** What every call of the engine is given, and what the engine may ask of the process that started it. */

/** Given to every call: cancel and progress. Over RPC both cross the process boundary. */
export interface CallContext<P = Progress> {
  signal?: AbortSignal | undefined;
  progress?: ((progress: P) => void) | undefined;
}

/** Progress of what is counted: samples × depths, answers. */
export interface CountProgress {
  phase: string;
  done: number;
  total: number;
  remainingSeconds: number | null;
}

/** Work done so far, in the plan's own units. */
export interface Progress {
  /** What is happening, for people: "Reading headers", "Comparing IN → RL". */
  phase: string;
  doneBytes: number;
  totalBytes: number;
  /** Seconds left by the rate so far; null until there is one. */
  remainingSeconds: number | null;
  /** The tensor in hand, canonical name. */
  tensor: string | null;
}

/** What the engine may ask of the process that started it. */
export interface EngineHost {
  /** The key of the endpoint at this address, from where the host keeps secrets; null where there is none. */
  languageModelKey(request: { url: string }): Promise<string | null>;
  /** The answer of one of the editor's language models to a prompt, about an image where there is one. */
  complete(
    request: { model: string; prompt: string; image?: { type: string; bytes: Uint8Array } | undefined },
    context?: CallContext,
  ): Promise<string>;
}
