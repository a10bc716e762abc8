/** What is used of sql.js, which has no types of its own. */

declare module 'sql.js/dist/sql-wasm.js' {
  type Value = number | string | Uint8Array | null;
  export interface Statement {
    bind(values: readonly Value[]): boolean;
    step(): boolean;
    get(): Value[];
    free(): boolean;
  }
  export interface Database {
    prepare(sql: string): Statement;
    close(): void;
  }
  export interface SqlJs {
    Database: new (bytes: Uint8Array) => Database;
  }
  export default function initSqlJs(options: { wasmBinary: Uint8Array }): Promise<SqlJs>;
}

declare module 'sql.js/dist/sql-wasm.wasm' {
  const bytes: Uint8Array<ArrayBuffer>;
  export default bytes;
}
