/** Keys and actions of a program: match fields, parameters and value sets, P4Info and layout joined. */
import type { KeyFieldLayout, MatchType, PipelineLayout, TableLayout } from '#compiler/layout';
import type {
  Action,
  ActionRef_Scope,
  MatchField,
  P4Info,
  Table,
} from '#protos/p4/config/v1/p4info_pb';
import { MatchField_MatchType } from '#protos/p4/config/v1/p4info_pb';
import type { Outcome } from '../errors.js';
import { done, invalid } from '../errors.js';
import type { ActionProgram, FieldProgram, ParamProgram, ValueSetProgram } from './program.js';
import { isOptional, joinNamed, label, missing, widthOf } from './program-names.js';
import type { Translation, Translations } from './translation.js';

const MATCH_TYPES: Readonly<Record<MatchType, MatchField_MatchType>> = {
  exact: MatchField_MatchType.EXACT,
  lpm: MatchField_MatchType.LPM,
  ternary: MatchField_MatchType.TERNARY,
  range: MatchField_MatchType.RANGE,
  optional: MatchField_MatchType.OPTIONAL,
};

const MATCH_NAMES: ReadonlyMap<MatchField_MatchType, MatchType> = new Map(
  (Object.keys(MATCH_TYPES) as MatchType[]).map((name) => [MATCH_TYPES[name], name]),
);

/** p4c may give a table one action under two numbers, such as NoAction: both are the same here. */
export function byIndex(
  actions: readonly ActionProgram[],
  table: TableLayout,
  layout: PipelineLayout,
): Map<number, ActionProgram> {
  const found = new Map<number, ActionProgram>();
  const used = table.defaultAction === null ? [] : [table.defaultAction.action];
  for (const index of [...table.actions, ...used]) {
    const name = layout.actions[index]?.name;
    const action = actions.find((candidate) => candidate.name === name);
    if (action !== undefined) found.set(index, action);
  }
  return found;
}

export function buildFields(
  info: Table,
  table: TableLayout,
  translations: Translations,
): Outcome<FieldProgram[]> {
  const name = label(info.preamble);
  if (info.matchFields.length !== table.key.length) {
    return invalid(
      `table '${name}' has ${info.matchFields.length} match fields in the P4Info and ` +
        `${table.key.length} in p4_device_config`,
    );
  }
  const fields: FieldProgram[] = [];
  for (const [i, field] of info.matchFields.entries()) {
    // The order is that of the P4 source in both; names may be rewritten by annotations.
    const layout = table.key.find((candidate) => candidate.name === field.name) ?? table.key[i];
    if (layout === undefined || !sameMatch(field, layout)) {
      return invalid(
        `table '${name}': match field '${field.name}' is not the same in the P4Info and in ` +
          `p4_device_config`,
      );
    }
    const { id, name: fieldName } = field;
    const matchType = isOptional(field) ? 'optional' : layout.matchType;
    const bitwidth = widthOf(field, layout.bitwidth);
    const translation = translationOf(field, layout.bitwidth, translations);
    if (!translation.ok) return translation;
    fields.push({
      id,
      name: fieldName,
      bitwidth,
      layout: { ...layout, matchType },
      translation: translation.value,
    });
  }
  return done(fields);
}

function sameMatch(field: MatchField, layout: KeyFieldLayout): boolean {
  return (
    field.match.case === 'matchType' &&
    (field.match.value === MATCH_TYPES[layout.matchType] ||
      // p4c compiles optional keys to ternary ones.
      (isOptional(field) && layout.matchType === 'ternary')) &&
    (widthOf(field, layout.bitwidth) === layout.bitwidth || field.typeName !== undefined)
  );
}

export function buildAction(
  info: Action,
  scope: ActionRef_Scope,
  table: TableLayout,
  layout: PipelineLayout,
  translations: Translations,
): Outcome<ActionProgram> {
  const name = label(info.preamble);
  const action = table.actions
    .map((index) => layout.actions[index])
    .find((candidate) => candidate?.name === name);
  if (action === undefined) return missing(`action of table '${table.name}'`, name);
  if (action.params.length !== info.params.length) {
    return invalid(`action '${name}' has other parameters in the P4Info than in p4_device_config`);
  }
  const params: ParamProgram[] = [];
  for (const [i, param] of info.params.entries()) {
    const slot = action.params[i];
    const bitwidth = widthOf(param, slot?.bitwidth ?? 0);
    if (slot === undefined || (bitwidth !== slot.bitwidth && param.typeName === undefined)) {
      return invalid(`action '${name}': parameter '${param.name}' has another width than compiled`);
    }
    const translation = translationOf(param, slot.bitwidth, translations);
    if (!translation.ok) return translation;
    const { id, name: paramName } = param;
    params.push({ id, name: paramName, bitwidth, slot, translation: translation.value });
  }
  return done({ id: info.preamble?.id ?? 0, name, scope, params, layout: action });
}
export function joinValueSets(
  info: P4Info,
  layout: PipelineLayout,
  translations: Translations,
): Outcome<ReadonlyMap<number, ValueSetProgram>> {
  const joined = joinNamed(info.valueSets, layout.valueSets, 'value set');
  if (!joined.ok) return joined;
  const sets = new Map<number, ValueSetProgram>();
  for (const [id, { match, size }, compiled] of joined.value) {
    const { name } = compiled;
    const other = () => invalid(`value set '${name}' has other fields in p4_device_config`);
    if (match.length !== compiled.key.length) return other();
    const fields: FieldProgram[] = [];
    for (const [i, field] of match.entries()) {
      const slot = compiled.key[i];
      const matchType = MATCH_NAMES.get(
        field.match.case === 'matchType' ? field.match.value : MatchField_MatchType.UNSPECIFIED,
      );
      if (slot === undefined || matchType === undefined) return other();
      const fits = field.bitwidth === slot.bitwidth || field.typeName !== undefined;
      if (!fits) return other();
      const { id: fieldId, name: fieldName, bitwidth } = field;
      const keyField = { ...slot, name: fieldName, matchType };
      const translation = translationOf(field, slot.bitwidth, translations);
      if (!translation.ok) return translation;
      fields.push({
        id: fieldId,
        name: fieldName,
        bitwidth,
        layout: keyField,
        translation: translation.value,
      });
    }
    sets.set(id, { id, keyOf: 'value set', name, fields, size, layout: compiled });
  }
  return done(sets);
}

/** Of a match field or a parameter. Errors: INVALID_ARGUMENT. */
function translationOf(
  info: {
    readonly name: string;
    readonly bitwidth: number;
    readonly typeName?: { readonly name: string } | undefined;
  },
  compiledBits: number,
  translations: Translations,
): Outcome<Translation | null> {
  const translation = translations.of(info.typeName?.name, compiledBits);
  if (!translation.ok) return translation;
  const isString = translation.value?.isString === true;
  if (!isString && info.typeName !== undefined && info.bitwidth === 0) {
    const type = info.typeName.name;
    return invalid(`'${info.name}' has no width, and its type '${type}' is no string`);
  }
  return translation;
}
