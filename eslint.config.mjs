import tseslint from 'typescript-eslint';
import prettier from 'eslint-config-prettier';

const PURE = [
  'control-plane/units/**',
  'control-plane/wire/**',
  'control-plane/servo/**',
  'control-plane/statistics/**',
  'control-plane/ptp/**',
  'dataplane-native/compiler/**',
  'lab/measure/**',
  'lab/sim/**',
];

export default tseslint.config(
  { ignores: ['dist/', 'build/', 'node_modules/', 'protos/gen/', '**/*.mjs', '**/*.cjs'] },
  ...tseslint.configs.recommendedTypeChecked,
  {
    languageOptions: {
      parserOptions: {
        projectService: { allowDefaultProject: ['vitest.config.ts'] },
        tsconfigRootDir: import.meta.dirname,
      },
    },
    rules: {
      '@typescript-eslint/switch-exhaustiveness-check': [
        'error',
        { considerDefaultExhaustiveForUnions: true },
      ],
      '@typescript-eslint/no-unused-vars': [
        'error',
        { argsIgnorePattern: '^_', varsIgnorePattern: '^_' },
      ],
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/restrict-template-expressions': [
        'error',
        { allowNumber: true, allowBoolean: true, allow: ['bigint'] },
      ],
      eqeqeq: 'error',
      'no-console': 'error',
    },
  },
  {
    files: PURE,
    rules: {
      'no-restricted-globals': [
        'error',
        'process',
        'Buffer',
        'setTimeout',
        'setInterval',
        'performance',
        'Date',
      ],
      'no-restricted-properties': [
        'error',
        { object: 'Math', property: 'random', message: 'Randomness is an argument.' },
      ],
    },
  },
  { files: ['control-plane/cli/**', 'lab/**', 'test/**'], rules: { 'no-console': 'off' } },
  prettier,
);
