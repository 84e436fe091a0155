/**
 * Announce of a master port: 9.5.8. To the group at the port's interval; to a unicast client when its
 * grant says so. What has changed is told early, so that news of another grandmaster does not wait an
 * interval at each hop, but not in a burst.
 */
import {
  after,
  elapsed,
  intervalDuration,
  nanoseconds,
  nsOf,
  seconds,
  type Instant,
  type Nanoseconds,
} from '#units/time';
import type { Destination } from './instance-types.js';
import {
  announceMessage,
  unicastEnvelope,
  type AnnounceContent,
  type Envelope,
} from './messages.js';
import type { PortServices } from './port-services.js';
import { Schedule } from './schedule.js';

/** News is told no earlier after the last Announce than this part of an interval. */
const NEWS_PART = 8n;

export class AnnounceSender {
  readonly #port: PortServices;
  readonly #content: () => AnnounceContent;
  readonly #schedule = new Schedule();
  #sequenceId = 0;
  #running = false;
  #isAlternate = false;
  #lastSent: Instant | null = null;
  #hasNews = false;

  constructor(port: PortServices, content: () => AnnounceContent) {
    this.#port = port;
    this.#content = content;
  }

  /** To the group, at once. `isAlternate`: 17.3, as one that is not the best master. */
  start(isAlternate = false): void {
    if (this.#running && isAlternate === this.#isAlternate) return;
    this.#running = true;
    this.#isAlternate = isAlternate;
    this.#beginNow();
  }

  stop(): void {
    if (!this.#running) return;
    this.#running = false;
    this.#port.cancelTimer('announce');
  }

  /** The timer. */
  due(): void {
    if (!this.#running) return;
    if (this.#hasNews) {
      this.#beginNow();
      return;
    }
    this.#sendToGroup();
    this.#port.setTimer('announce', this.#schedule.next(this.#port.now, this.#interval()));
  }

  /** What is announced has changed. */
  news(): void {
    if (!this.#running) return;
    const { now } = this.#port;
    // It was begun by this very input: the news is out.
    if (this.#lastSent !== null && nsOf(elapsed(this.#lastSent, now)) === 0n) return;
    const least = nanoseconds(nsOf(this.#interval()) / NEWS_PART);
    const wait = this.#lastSent === null ? 0n : nsOf(elapsed(now, after(this.#lastSent, least)));
    if (wait <= 0n) {
      this.#beginNow();
      return;
    }
    this.#hasNews = true;
    this.#port.setTimer('announce', nanoseconds(wait));
  }

  /** To one client, whose sequence this number is of. */
  sendTo(destination: Destination, sequenceId: number): void {
    this.#send(destination, unicastEnvelope(sequenceId));
  }

  #beginNow(): void {
    this.#hasNews = false;
    this.#sendToGroup();
    const { now, random } = this.#port;
    this.#port.setTimer('announce', this.#schedule.begin(now, this.#interval(), random));
  }

  #sendToGroup(): void {
    const sequenceId = this.#sequenceId;
    this.#sequenceId = (sequenceId + 1) & 0xffff;
    this.#lastSent = this.#port.now;
    const { logAnnounceInterval } = this.#port.config;
    this.#send('group', {
      sequenceId,
      unicast: false,
      logMessageInterval: logAnnounceInterval,
      isAlternate: this.#isAlternate,
    });
  }

  #send(destination: Destination, envelope: Envelope): void {
    const port = this.#port;
    const message = announceMessage(port.sender, envelope, this.#content());
    port.sendGeneral(message, destination);
    port.count('announcesSent');
  }

  #interval(): Nanoseconds {
    return intervalDuration(this.#port.config.logAnnounceInterval) ?? seconds(1);
  }
}
