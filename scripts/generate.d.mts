/** What each generated file must hold: text per path from the root. */
export function generated(): Promise<Map<string, string>>;
