export * from './page';
export * from './start';
export * from './mocha';
