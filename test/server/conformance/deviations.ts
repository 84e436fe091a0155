/** What our server does otherwise than the specification says, by the title of the clause, and why. */
export const OURS: Readonly<Record<string, string>> = {
  '5.2 Role Config: a write outside the role is PERMISSION_DENIED, for that update alone':
    'role configs are refused',
  '5.2 Role Config: every client of the role is told the config, when a primary changes it':
    'role configs are refused',
  '13 Read RPC: the role is a filter: only what belongs to it is reported':
    'role configs are refused',
  '16.1 Packet I/O: a role without packet-outs may send none': 'role configs are refused',
  '16.1 Packet I/O: a role may filter its packet-ins by metadata': 'role configs are refused',
  '16.4 Table Idle Timeout Notification: an entry that is not hit for its TTL is told of, with its key and its TTL':
    'the engine does not record when an entry was last hit',
  '16.4 Table Idle Timeout Notification: the timer starts again after that':
    'the engine does not record when an entry was last hit',
  '16.4 Table Idle Timeout Notification: an entry that was deleted is told of no more':
    'the engine does not record when an entry was last hit',
};
