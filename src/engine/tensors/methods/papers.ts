/** Sources that several merge methods have, and what their formulas share. */

export const TASK_ARITHMETIC = {
  title: 'Editing Models with Task Arithmetic',
  url: 'https://arxiv.org/abs/2212.04089',
};
export const TIES = {
  title: 'TIES-Merging: Resolving Interference When Merging Models',
  url: 'https://arxiv.org/abs/2306.01708',
};
export const DARE = {
  title: 'Language Models are Super Mario: Absorbing Abilities from Homologous Models as a Free Lunch',
  url: 'https://arxiv.org/abs/2311.03099',
};
export const DELLA = {
  title: 'DELLA-Merging: Reducing Interference in Model Merging through Magnitude-Based Sampling',
  url: 'https://arxiv.org/abs/2406.11617',
};
export const BREADCRUMBS = {
  title: 'Model Breadcrumbs: Scaling Multi-Task Model Merging with Sparse Masks',
  url: 'https://arxiv.org/abs/2312.06795',
};
export const RAM = { title: 'arXiv 2601.13572', url: 'https://arxiv.org/abs/2601.13572' };

/** Part of the formulas of methods that vote on the sign. */
export const ELECT = 'sign elected per element: s = sign(Σᵢ wᵢδᵢ), and only the δᵢ of that sign are added';
