import { expect, it } from 'vitest';
import { servoDocument } from './servo-document.js';

it('docs/servo.md is what the servos do', async () => {
  await expect(servoDocument()).toMatchFileSnapshot('../../docs/servo.md');
});
