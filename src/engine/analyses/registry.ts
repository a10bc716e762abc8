/** Every analysis, once, in the order in which people see them. What is in this list is everywhere. */
import { definition as compare } from './compare/definition.js';
import { definition as evaluate } from './evaluate/definition.js';
import { definition as probe } from './probe/definition.js';
import { definition as spectrum } from './spectrum/definition.js';
import { definition as trajectory } from './trajectory/definition.js';
import { definition as verify } from './verify/definition.js';

export const registry = { compare, spectrum, trajectory, probe, evaluate, verify };
