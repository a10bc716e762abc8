/** Sizes of an MLP that is a choice of experts. */
export interface ExpertShape {
  count: number;
  /** Experts that a token goes through. */
  chosen: number;
  /** Inner size of each. */
  inner: number;
  /** Inner size of the expert that every token goes through too; 0: there is none. */
  shared: number;
}
