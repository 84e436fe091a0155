import { describe, expect, it } from 'vitest';
import { indented } from '../../dataplane-native/compiler/c/indent.js';

describe('the layout of generated C', () => {
  it('follows the braces, and parts what stands on its own', () => {
    expect(
      indented([
        '#include "pipeline.h"',
        'struct pair {',
        'int a;',
        '};',
        '/* twice */',
        'static int twice(int x,',
        'int unused) {',
        'if (x > 0) {',
        'return 2 * x;',
        '} else {',
        'return 0;',
        '}',
        '}',
      ]),
    ).toEqual([
      '#include "pipeline.h"',
      '',
      'struct pair {',
      '  int a;',
      '};',
      '',
      '/* twice */',
      'static int twice(int x,',
      '    int unused) {',
      '  if (x > 0) {',
      '    return 2 * x;',
      '  } else {',
      '    return 0;',
      '  }',
      '}',
    ]);
  });

  it('takes no brace in a comment or a string for one', () => {
    expect(indented(['f("{");', '/* { */ g();', 'h();'])).toEqual([
      'f("{");',
      '',
      '/* { */ g();',
      'h();',
    ]);
  });
});
