/**
 * Where a tensor sits in a model: section, layer, component, region, and its place on the unified depth axis.
 * The families are data (`families/`); this module is the vocabulary.
 */
import type { Component } from '../families/family.js';

export type Section = 'vision' | 'projector' | 'language' | 'other';
export type { Component };
export type Region = 'early' | 'mid' | 'late';

export const SECTIONS: readonly Section[] = ['vision', 'projector', 'language', 'other'];
export const COMPONENTS: readonly Component[] = ['attention', 'mlp', 'norm', 'embedding', 'other'];
export const REGIONS: readonly Region[] = ['early', 'mid', 'late'];
