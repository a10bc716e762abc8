/** The engine's errors as the host shows them: their own sentence, never a decorated one. */

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

export function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : 'internal';
}

export function isCancelled(error: unknown): boolean {
  return codeOf(error) === 'cancelled';
}
