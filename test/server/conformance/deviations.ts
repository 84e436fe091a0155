/** What our server does otherwise than the specification says, by the title of the clause, and why. */
export const OURS: Readonly<Record<string, string>> = {
  '16.4 Table Idle Timeout Notification: an entry that is not hit for its TTL is told of, with its key and its TTL':
    'the engine does not record when an entry was last hit',
  '16.4 Table Idle Timeout Notification: the timer starts again after that':
    'the engine does not record when an entry was last hit',
  '16.4 Table Idle Timeout Notification: an entry that was deleted is told of no more':
    'the engine does not record when an entry was last hit',
};
