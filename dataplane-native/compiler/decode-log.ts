/** `log_msg`: a format with `{}` for each of the values. */
import { decodeExpression, kindOf } from './decode-expression.js';
import type { ExpressionContext } from './decode-expression.js';
import { fail } from './failure.js';
import type { Json } from './json.js';
import { LIMITS } from './limits.js';
import type { Expression, Primitive } from './model.js';

export function decodeLog(context: ExpressionContext, json: Json): Primitive {
  const { path, source } = json;
  const [text, vector] = json.get('parameters').tuple(2) as readonly [Json, Json];
  const format = text.get('value').string();
  if (format.length > LIMITS.logText) {
    fail(json, 'LIMIT', `a log message of ${format.length} characters`);
  }
  const list = vector.get('value');
  // Without values p4c writes an empty object.
  const values = Array.isArray(list.value) ? list.items(LIMITS.parameters) : [];
  return { path, source, kind: 'log', format, values: values.map((one) => logged(context, one)) };
}

function logged(context: ExpressionContext, json: Json): Expression {
  const value = decodeExpression(context, json);
  const { path, source } = json;
  return kindOf(value) === 'boolean' ? { path, source, kind: 'toData', arg: value } : value;
}
