/** The part of jStat that is used; the package has no types. */
declare module 'jstat' {
  export const jStat: {
    /** Complementary error function. */
    erfc(x: number): number;
    normal: { inv(probability: number, mean: number, deviation: number): number };
  };
}
