/**
 * Turns what the operating system refused into the library's error: the path, the reason in words, what to do, and the
 * system's error as `cause`.
 */
import { IndexingError, messageOf } from '../../base/errors.js';

type FileAction = 'read' | 'write' | 'remove';

export function fileError(action: FileAction, file: string, cause: unknown): IndexingError {
  return new IndexingError('FileAccess', `cannot ${action} ${file}: ${reason(action, cause)}`, { cause });
}

/** Whether `error` is the system's error called `code`, such as `ENOENT`. */
export function hasErrorCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}

function reason(action: FileAction, cause: unknown): string {
  const code = cause instanceof Error && 'code' in cause ? cause.code : undefined;
  switch (code) {
    case 'ENOENT':
      return action === 'read' ? 'there is no such file; check the path' : 'its directory does not exist; create it';
    case 'ENOTDIR':
      return 'a part of its path is not a directory; check the path';
    case 'EISDIR':
      return 'it is a directory; name a file';
    case 'EACCES':
    case 'EPERM':
      return `permission denied; allow this user to ${action} it`;
    case 'EROFS':
      return 'its file system is read-only; choose another place';
    case 'ENOSPC':
    case 'EDQUOT':
      return 'the disk is full; free some space or choose another place';
    case 'EPIPE':
      return 'its reader went away';
    case 'EMFILE':
    case 'ENFILE':
      return 'too many files are open; close some or raise the limit';
    default:
      return messageOf(cause);
  }
}
