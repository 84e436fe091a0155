/** The match-action pipelines: one function each, one label per table or condition. */
import { directBits, rangeWords } from '../build-layout.js';
import { sanitise } from '../failure.js';
import { LIMITS } from '../limits.js';
import type { PipelineLayout, TableLayout } from '../layout.js';
import type { ControlNode, NodeRef, Pipeline, Program, Table } from '../model.js';
import { at } from '../scope.js';
import { actionName, canExit, storeColour } from './action.js';
import { number64 } from './c-types.js';
import { comment } from './comments.js';
import { ExpressionEmitter } from './expression.js';
import { identifier } from './identifiers.js';
import { hashText } from './calculation.js';
import { jumpTargets, withoutUnusedLabels } from './labels.js';
import { orderNodes } from './order.js';
import type { Ranges } from './range.js';

/** Emits `run_<name>`. */
export function emitPipeline(
  program: Program,
  ranges: Ranges,
  layout: PipelineLayout,
  pipeline: Pipeline,
): string[] {
  const order = orderNodes(pipeline);
  const emitter = new NodeEmitter(program, ranges, layout, pipeline);
  const lines = order.flatMap((node, i) => [
    `${emitter.label(node)}:`,
    ...comment(program, at(pipeline.nodes, node)),
    ...emitter.node(at(pipeline.nodes, node), order[i + 1] ?? null),
  ]);
  const targets = jumpTargets(lines);
  return [
    `static inline void run_${pipeline.name}(struct tp_pipeline *pipeline, struct tp_packet *packet,`,
    'struct phv *restrict p, struct locals *restrict l) {',
    ...withoutUnusedLabels(lines, targets),
    ...(targets.has('done') ? ['done:;'] : []),
    '}',
  ];
}

class NodeEmitter {
  private readonly program: Program;
  private readonly pipeline: Pipeline;
  private readonly emitter: ExpressionEmitter;
  private readonly tables: ReadonlyMap<string, TableLayout>;
  private readonly profiles: PipelineLayout['profiles'];

  constructor(program: Program, ranges: Ranges, layout: PipelineLayout, pipeline: Pipeline) {
    this.pipeline = pipeline;
    this.program = program;
    this.emitter = new ExpressionEmitter(program, ranges, []);
    this.profiles = layout.profiles;
    this.tables = new Map(layout.tables.map((table) => [table.name, table]));
  }

  label(node: number): string {
    return identifier(at(this.pipeline.nodes, node).name, 'node', node);
  }

  private jump(node: NodeRef): string {
    return node === null ? 'goto done;' : `goto ${this.label(node)};`;
  }

  node(node: ControlNode, following: NodeRef): string[] {
    const go = (next: NodeRef): string[] =>
      next === following && next !== null ? [] : [this.jump(next)];
    switch (node.kind) {
      case 'conditional': {
        const condition = this.emitter.boolean(node.condition);
        const before = this.emitter.take();
        const test =
          node.whenTrue === following && node.whenTrue !== null
            ? [`if (!${condition}) { ${this.jump(node.whenFalse)} }`]
            : [`if (${condition}) { ${this.jump(node.whenTrue)} }`, ...go(node.whenFalse)];
        return before.length === 0 ? test : ['{', ...before, ...test, '}'];
      }
      case 'call':
        return [this.callAction(node.action, 'NULL'), ...go(node.next)];
      case 'table':
        return this.table(node, go);
    }
  }

  private callAction(action: number, args: string): string {
    const call = `${actionName(this.program, action)}(pipeline, packet, p, l, ${args})`;
    return canExit(at(this.program.actions, action)) ? `if (${call}) { goto done; }` : `${call};`;
  }

  private table(table: Table, go: (next: NodeRef) => string[]): string[] {
    const layout = this.tables.get(table.name);
    if (layout === undefined) {
      throw new RangeError(`no layout of table ${table.name}`);
    }
    const entry = table.defaultEntry;
    const isCounted = layout.directCounter !== null;
    if (table.keys.length === 0 && entry?.entryConst === true && !isCounted) {
      return this.constantTable(table, layout, entry.action, go);
    }
    const isKeyless = table.keys.length === 0;
    return [
      '{',
      `/* ${sanitise(table.name)} */`,
      ...(isKeyless ? [] : this.lookup(table, layout)),
      ...(hasFixedMiss(table) && !isCounted
        ? this.fixedMiss(table, layout, go)
        : this.anyMiss(table, layout, isKeyless, go)),
      '}',
    ];
  }

  /** The default entry is found like any other: the host may change it. */
  private anyMiss(
    table: Table,
    layout: TableLayout,
    isKeyless: boolean,
    go: (next: NodeRef) => string[],
  ): string[] {
    const miss = `pipeline->tables[${layout.index}].default_entry`;
    const found = isKeyless
      ? [`struct tp_entry *entry = ${miss};`, ...this.meterMiss(table, layout)]
      : [
          'const bool hit = entry != NULL;',
          'if (!hit) {',
          `entry = ${miss};`,
          ...this.meterMiss(table, layout),
          '}',
          ...orElse(this.onHit(table, layout)),
        ];
    const isCounted = layout.directCounter !== null;
    return [
      ...found,
      // The default entry's counter counts misses (P4Runtime 1.5, 9.1.3).
      ...(isCounted ? ['tp_count_direct(pipeline, entry, packet->length);'] : []),
      ...this.choose(table, isKeyless),
      ...this.runBase(table),
      ...this.dispatch(table),
      ...this.next(table, isKeyless, go),
    ];
  }

  /** What a miss does is known now: the C compiler sees the action and its arguments. */
  private fixedMiss(table: Table, layout: TableLayout, go: (next: NodeRef) => string[]): string[] {
    const { defaultEntry } = table;
    const action = defaultEntry?.action ?? 0;
    return [
      'const bool hit = entry != NULL;',
      'if (!hit) {',
      ...this.meterMiss(table, layout),
      ...this.callDefault(layout, action),
      ...(hasOneNext(table) ? [] : [this.jump(nextOf(table, action))]),
      '} else {',
      ...this.onHit(table, layout),
      ...this.dispatch(table),
      '}',
      ...this.next(table, false, go),
    ];
  }

  /** Calls an action whose arguments the C compiler sees. */
  private callDefault(layout: TableLayout, action: number): string[] {
    const words = layout.defaultAction?.args ?? [];
    if (words.length === 0) return [this.callAction(action, 'NULL')];
    const args = words.map((word) => number64(BigInt(word))).join(', ');
    return [
      `static const uint64_t args[${words.length}] = {${args}};`,
      this.callAction(action, 'args'),
    ];
  }

  /** A table that is only an action call: no lookup, and arguments that the C compiler sees. */
  private constantTable(
    table: Table,
    layout: TableLayout,
    action: number,
    go: (next: NodeRef) => string[],
  ): string[] {
    const target = table.nextMiss === null ? nextOf(table, action) : table.nextMiss.node;
    return [...inBlock(this.callDefault(layout, action)), ...go(target)];
  }

  private lookup(table: Table, layout: TableLayout): string[] {
    const words = Array.from({ length: layout.keyWords }, (): string[] => []);
    table.keys.forEach((key, i) => {
      const { word, shift, bitwidth } = at(layout.key, i);
      if (bitwidth > LIMITS.fieldBits) {
        this.emitter.words(key.value, bitwidth).forEach((text, part) => {
          words[word + part]?.push(`(uint64_t)${text}`);
        });
        return;
      }
      const bits = this.emitter.cut(key.value, bitwidth);
      if (bitwidth > 64) {
        const name = this.emitter.temporary('tp_u128', `(tp_u128)${bits}`);
        words[word]?.push(`(uint64_t)${name}`);
        words[word + 1]?.push(`(uint64_t)(${name} >> 64)`);
      } else {
        words[word]?.push(shift === 0 ? bits : `(${bits} << ${shift})`);
      }
    });
    const key = words.map((parts) => parts.join(' | ')).join(', ');
    const range = layout.kind === 'ternary' ? `, ${rangeWords(layout.key)}u` : '';
    const isDirect = directBits(layout) > 0;
    const find = isDirect ? 'direct' : layout.kind;
    const sizes = isDirect
      ? String(layout.argWords)
      : `${layout.keyWords}, ${layout.argWords}${range}`;
    const found = `tp_find_${find}(&pipeline->tables[${layout.index}], key, ${sizes});`;
    const makeKey = [...this.emitter.take(), `const uint64_t key[${layout.keyWords}] = {${key}};`];
    if (isDirect) return [...makeKey, `struct tp_entry *entry = ${found}`];
    // A feature that is not in use costs a branch: neither a key nor a hash.
    return [
      'struct tp_entry *entry = NULL;',
      `if (pipeline->tables[${layout.index}].entry_count != 0) {`,
      ...makeKey,
      `entry = ${found}`,
      '}',
    ];
  }

  /** A miss is metered too while the default entry's meter is configured. */
  private meterMiss(table: Table, layout: TableLayout): string[] {
    const { program, emitter } = this;
    const { directMeter } = table;
    if (directMeter === null) {
      return [];
    }
    const cell = `tp_default_meter(&pipeline->tables[${layout.index}])`;
    const stored = storeColour(
      { program, emitter, leave: '' },
      [directMeter.to],
      cell,
      directMeter.unit,
    );
    return [`if (${cell}->is_configured) {`, ...emitter.take(), ...stored, '}'];
  }

  /** Hits alone are metered so, and noted, before the action. */
  private onHit(table: Table, layout: TableLayout): string[] {
    const { program, emitter } = this;
    const noted = layout.supportsTimeout ? ['tp_touch(pipeline, entry);'] : [];
    const { directMeter } = table;
    if (directMeter !== null) {
      const octets = `tp_entry_octets(TP_TABLE_${layout.kind.toUpperCase()}, ${layout.keyWords}, ${layout.argWords})`;
      const cell = `tp_entry_meter(&pipeline->tables[${layout.index}], entry, ${octets})`;
      const stored = storeColour(
        { program, emitter, leave: '' },
        [directMeter.to],
        cell,
        directMeter.unit,
      );
      noted.push(...emitter.take(), ...stored);
    }
    return noted;
  }

  /** With a profile, the entry only says which member's action runs. */
  private choose(table: Table, isKeyless: boolean): string[] {
    if (table.profile === null) {
      return [];
    }
    const { selector } = at(this.program.profiles, table.profile);
    const found = isKeyless ? 'NULL' : 'hit ? entry : NULL';
    const hash = selector === null ? '0' : hashText(this.program, selector);
    const words = at(this.profiles, table.profile).argWords;
    const base =
      selector === null
        ? []
        : [
            'const struct tp_member *const base = tp_profile_base(',
            `&pipeline->profiles[${table.profile}], reference, ${words});`,
          ];
    return [
      `const struct tp_entry *const reference = ${found};`,
      'const struct tp_member *const member = tp_profile_choose(',
      `&pipeline->profiles[${table.profile}], reference,`,
      `tp_entry_has_group(reference) ? ${hash} : 0, ${words});`,
      ...base,
    ];
  }

  /** A group may have an action that runs before that of the chosen member. */
  private runBase(table: Table): string[] {
    const profile = table.profile === null ? null : at(this.program.profiles, table.profile);
    if (profile === null || profile.selector === null) {
      return [];
    }
    const cases = usedActions(table).flatMap((action) => [
      ...this.numbersOf(table, action).map((number) => `case ${number}:`),
      this.callAction(action, 'base->words'),
      'break;',
    ]);
    return [
      'if (base != NULL) {',
      'switch (base->action) {',
      ...cases,
      'default:',
      'break;',
      '}',
      '}',
    ];
  }

  /**
   * The numbers under which an action comes out of a table: of a profile that tables share, members
   * have the number that the action has in any of them.
   */
  private numbersOf(table: Table, action: number): readonly number[] {
    if (table.profile === null) {
      return [action];
    }
    const { name } = at(this.program.actions, action);
    const sharing = [...this.program.ingress.nodes, ...this.program.egress.nodes].flatMap((node) =>
      node.kind === 'table' && node.profile === table.profile ? node.actions : [],
    );
    const same = sharing.filter((other) => at(this.program.actions, other).name === name);
    return [...new Set(same)];
  }

  private dispatch(table: Table): string[] {
    const origin = table.profile === null ? 'entry' : 'member';
    const cases = usedActions(table).flatMap((action) => [
      ...this.numbersOf(table, action).map((number) => `case ${number}:`),
      this.callAction(action, `${origin}->words`),
      hasOneNext(table) ? 'break;' : this.jump(nextOf(table, action)),
    ]);
    return [`switch (${origin}->action) {`, ...cases, 'default:', 'break;', '}'];
  }

  /** Where it goes after the action, unless that has said so. */
  private next(table: Table, isKeyless: boolean, go: (next: NodeRef) => string[]): string[] {
    const { nextHit, nextMiss, nextDefault } = table;
    if (nextHit === null && nextMiss === null) return go(nextDefault);
    const miss = go(nextMiss === null ? nextDefault : nextMiss.node);
    return isKeyless
      ? miss
      : [`if (hit) { ${this.jump(nextHit === null ? nextDefault : nextHit.node)} }`, ...miss];
  }
}

/** A declaration needs a block of its own, a statement alone does not. */
function inBlock(lines: readonly string[]): readonly string[] {
  return lines.length > 1 ? ['{', ...lines, '}'] : lines;
}

function orElse(lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : ['else {', ...lines, '}'];
}

/** Whether a miss does the same whatever the host says. */
function hasFixedMiss({ keys, profile, defaultEntry }: Table): boolean {
  const isConst = defaultEntry?.actionConst === true && defaultEntry.entryConst;
  return keys.length > 0 && profile === null && isConst;
}

function usedActions(table: Table): readonly number[] {
  const { actions, defaultEntry } = table;
  return [...new Set(defaultEntry === null ? actions : [...actions, defaultEntry.action])];
}

function nextOf({ nextByAction, nextDefault }: Table, action: number): NodeRef {
  return nextByAction.has(action) ? (nextByAction.get(action) ?? null) : nextDefault;
}

/** Whether where it goes does not depend on the action. */
function hasOneNext(table: Table): boolean {
  const targets = usedActions(table).map((action) => nextOf(table, action));
  return (
    table.nextHit !== null ||
    table.nextMiss !== null ||
    targets.every((target) => target === table.nextDefault)
  );
}
