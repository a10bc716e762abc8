export function setupReal(options: { root: string; log: (line: string) => void }): Promise<string>;
