// What the operating system says about a file, in words: `ENOENT: no such file or directory, stat 'x'` is for us.

const WORDS: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file or folder',
  ENOTDIR: 'a part of this path is a file, not a folder',
  EISDIR: 'it is a folder, not a file',
  EACCES: 'you are not allowed to',
  EPERM: 'you are not allowed to',
  EEXIST: 'it is there already',
  ENOTEMPTY: 'the folder is not empty',
  ENOSPC: 'the disk is full',
  EROFS: 'this disk can only be read',
  ELOOP: 'its links lead in a circle',
  ENAMETOOLONG: 'the name is too long',
};

/** What is wrong with a file, without its path; null for an error that is not the system's, or has no words here. */
export function systemWords(error: unknown): string | null {
  if (!(error instanceof Error) || !('syscall' in error) || !('code' in error)) return null;
  return typeof error.code === 'string' ? (WORDS[error.code] ?? null) : null;
}

/** Says what is wrong with a file, by its path; null for an error that is not the system's, or of no file. */
export function describeSystemError(error: unknown): string | null {
  const words = systemWords(error);
  if (words === null || !(error instanceof Error)) return null;
  // that a path is a folder is found out by reading, and told without the path
  const name = nameOf(error) ?? (words === WORDS['EISDIR'] ? 'what was named' : null);
  return name === null ? null : `Cannot use ${name}: ${words}`;
}

function nameOf(error: Error): string | null {
  return 'path' in error && typeof error.path === 'string' ? `"${error.path}"` : null;
}
