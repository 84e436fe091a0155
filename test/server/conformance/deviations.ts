export interface OwnDeviation {
  readonly why: string;
  /** What the check finds, word for word: anything else is another failure. */
  readonly found: string;
}

/** What our server does otherwise than the specification says, by the title of the clause. */
export const OURS: Readonly<Record<string, OwnDeviation>> = {
  '9.1.5 Preinitialized tables: a const entry cannot be deleted: PERMISSION_DENIED': {
    why: 'the mark reaches no file of the pipeline (see docs/switch.md): the entry can be changed and deleted like any other',
    found: 'the write: "OK", not "PERMISSION_DENIED"',
  },
};
