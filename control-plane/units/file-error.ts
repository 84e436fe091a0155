/** What is wrong with a file, for people: the system's own text has its call and the path again. */
const TEXTS: Readonly<Record<string, string>> = {
  EACCES: 'no permission',
  EISDIR: 'a directory',
  ENOENT: 'no such file or directory',
  ENOSPC: 'no space left',
  ENOTDIR: 'no directory on the way to it',
  EPERM: 'no permission',
  EROFS: 'a read-only file system',
};

/** A phrase without the path, such as `no such file or directory`. */
export function fileErrorText(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return TEXTS[(error as Error & { readonly code?: string }).code ?? ''] ?? error.message;
}
