/** What a model is asked, and what it answers. Plain data. */

export interface GenerateRequest {
  /** A checkpoint, or `endpoint:URL#MODEL`. */
  path: string;
  /** What the user says; `<image>` in it says where an image stands, or images come first. */
  prompt: string;
  /** Image files. */
  images?: string[] | undefined;
  maxNewTokens?: number | undefined;
  /** A system prompt; what the chat template says when left out. */
  system?: string | undefined;
  /** Words before the prompt, with an empty line between. */
  prefix?: string | undefined;
  /** Bounds on an image's pixels once it is scaled, in place of the checkpoint's own. */
  minPixels?: number | undefined;
  maxPixels?: number | undefined;
  /** Greedy when left out. What is left out of it comes from the checkpoint's generation_config.json. */
  sampling?:
    | { temperature: number; topK?: number | undefined; topP?: number | undefined; seed?: number | undefined }
    | undefined;
  /** So many of the first new token's largest logits are given. */
  topLogits?: number | undefined;
  /** Of an endpoint: the environment variable with its key; without one, the host is asked for it. */
  endpointKey?: string | undefined;
  /** Bytes the engine may hold at once. Half of the machine's memory when left out. */
  memory?: number | undefined;
  threads?: number | undefined;
  /** Execution provider: `cpu` (default), `webgpu`, `cuda`, `coreml`, `dml`. */
  provider?: string | undefined;
}

export interface GenerateProgress {
  /** What the answer has gained. */
  text: string;
}

export interface GenerateResult {
  /** Without special tokens. */
  text: string;
  /** New tokens; the stop token, where there was one, is the last. */
  tokenIds: number[];
  /** Of an endpoint, whose ids are not known: how many there were, where it says so. */
  newTokens?: number;
  promptTokens: number;
  /** Of the first new token, largest first. */
  topLogits: [id: number, logit: number][];
  /** What ended the answer. */
  ended: 'stop' | 'length';
  /** Where it ran: an execution provider, or the host of an endpoint. */
  provider: string;
  /** What was not as asked for, in sentences. */
  notices: string[];
}
