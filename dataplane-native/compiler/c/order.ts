/** The order of a pipeline's tables and conditions. */
import { fail } from '../failure.js';
import type { ControlNode, NodeRef, Pipeline } from '../model.js';
import { at } from '../scope.js';

/** Nodes that can be reached, each after all that lead to it. CYCLIC where there is no such order. */
export function orderNodes(pipeline: Pipeline): readonly number[] {
  const order: number[] = [];
  const state = new Map<number, 'open' | 'done'>();
  // An explicit stack: a chain of thousands of nodes must not exhaust ours.
  const stack: { node: number; next: NodeRef[] }[] = [];
  const open = (node: NodeRef): void => {
    if (node === null || state.get(node) === 'done') {
      return;
    }
    if (state.get(node) === 'open') {
      fail(at(pipeline.nodes, node), 'CYCLIC', 'the control flow comes back to this node');
    }
    state.set(node, 'open');
    stack.push({ node, next: [...successors(at(pipeline.nodes, node))] });
  };
  open(pipeline.start);
  for (let top = stack.at(-1); top !== undefined; top = stack.at(-1)) {
    const next = top.next.shift();
    if (next !== undefined) {
      open(next);
    } else {
      state.set(top.node, 'done');
      order.unshift(top.node);
      stack.pop();
    }
  }
  return order;
}

function successors(node: ControlNode): readonly NodeRef[] {
  switch (node.kind) {
    case 'conditional':
      return [node.whenTrue, node.whenFalse];
    case 'call':
      return [node.next];
    case 'table': {
      const byHit = [node.nextHit, node.nextMiss].filter((next) => next !== null);
      return [...node.nextByAction.values(), ...byHit.map((next) => next.node), node.nextDefault];
    }
  }
}
