/** What our server does otherwise than the specification says, by the title of the clause, and why. */
export const OURS: Readonly<Record<string, string>> = {
  '9.1.5 Preinitialized tables: a const entry cannot be deleted: PERMISSION_DENIED':
    'p4c writes neither into the P4Info nor into the JSON which entries are const',
};
