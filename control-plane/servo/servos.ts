/** The control laws by their names. */
import type { LoopGains } from './gains.js';
import { KalmanServo } from './kalman.js';
import { LinearRegressionServo } from './linear-regression.js';
import { PiServo } from './pi.js';
import type { Servo, ServoLimits, ServoName } from './servo.js';

export interface ServoOptions extends ServoLimits {
  /** Of `pi`, instead of its own. */
  readonly gains?: LoopGains;
  /** What stamps resolve. */
  readonly resolutionNs: number;
}

export function createServo(name: ServoName, options: ServoOptions): Servo {
  switch (name) {
    case 'pi':
      return new PiServo(options);
    case 'linear-regression':
      return new LinearRegressionServo(options);
    case 'kalman':
      return new KalmanServo(options);
  }
}
