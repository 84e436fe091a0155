/** The control laws by their names. */
import { PiServo } from './pi.js';
import type { Servo, ServoLimits, ServoName } from './servo.js';

export function createServo(name: ServoName, limits: ServoLimits): Servo {
  switch (name) {
    case 'pi':
      return new PiServo(limits);
    case 'linear-regression':
    case 'kalman':
      throw new Error(`the servo '${name}' is not there yet`);
  }
}
