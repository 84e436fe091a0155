import type { Expression } from './model.js';

/** The expressions that one is made of, left to right. */
export function childrenOf(e: Expression): readonly Expression[] {
  switch (e.kind) {
    case 'arithmetic':
    case 'compare':
    case 'logic':
      return [e.left, e.right];
    case 'choice':
      return [e.condition, e.left, e.right];
    case 'complement':
    case 'cast':
    case 'not':
    case 'toBoolean':
    case 'toData':
      return [e.arg];
    case 'wide':
      return e.pieces;
    case 'constant':
    case 'boolean':
    case 'field':
    case 'header':
    case 'varbit':
    case 'parameter':
    case 'stackSize':
    case 'unionStackSize':
    case 'valid':
      return [];
  }
}
