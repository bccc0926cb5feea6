import { PortfenceError } from '../errors.ts';
import { scrub } from '../scrub.ts';
import type { CommandResult } from './system.ts';

/** What an error number means for a path or a command, and what to do about it. Numbers: errno(3). */
const MEANING: Readonly<Record<string, readonly [what: string, remedy: string]>> = {
  ENOENT: ['it does not exist', 'make it first, or name another one'],
  EACCES: ['permission denied', 'run it as root, or change who may use it'],
  EPERM: ['operation not permitted', 'run it as root; `lsattr` shows a file that was made immutable'],
  EISDIR: ['it is a folder', 'name a file'],
  ENOTDIR: ['a part of the path is not a folder', 'correct the path'],
  ELOOP: ['its symbolic links lead in a circle', 'mend the links'],
  ENAMETOOLONG: ['the name is too long', 'choose a shorter name'],
  ENOSPC: ['no space is left', 'make room: `df -h` and `df -i` show what is full'],
  EDQUOT: ['the quota is used up', 'make room, or raise the quota'],
  EROFS: ['the file system is read-only', 'mount it writable, or name another place'],
  EBUSY: [
    'it is in use, perhaps as a mount point',
    '`findmnt` and `fuser -vm` show by what; unmount it or end that first',
  ],
  EMFILE: ['too many files are open in this process', 'raise the limit: `ulimit -n`, LimitNOFILE= in a unit'],
  ENFILE: ['too many files are open on this machine', 'raise the limit: `sysctl fs.file-max`'],
  EAGAIN: [
    'the limit of processes is reached',
    'raise it: `ulimit -u`, TasksMax= in a unit, pids.max of a control group',
  ],
  ENOMEM: ['memory is short', 'free some, or raise the limit of the control group'],
  EIO: ['the device failed', 'look at `dmesg`'],
  ENXIO: ['nothing reads from it or listens on it', 'start the other side first'],
  ENOEXEC: ['it is not a program for this machine', 'install the right one'],
  ENODATA: ['it holds nothing to read', 'name another one'],
};

/** The error number (`ENOENT`) of what Node or the boundary threw; undefined where it carries none. */
export function errnoOf(error: unknown): string | undefined {
  if (error instanceof PortfenceError) return error.errno;
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}

/** What failed with a file, in words that follow "can't". */
export type FileAction = 'read' | 'write' | 'remove' | 'list' | 'make the folder' | 'lock' | 'watch' | 'use';

/** A failure with a file as one sentence with its path, what is wrong and what to do (SYSTEM, exit 3). */
export function fileError(cause: unknown, action: FileAction, path: string): PortfenceError {
  if (cause instanceof PortfenceError) return cause;
  const errno = errnoOf(cause);
  const [what, hint] = MEANING[errno ?? ''] ?? [errno ?? String(cause), undefined];
  return new PortfenceError('SYSTEM', `can't ${action} ${scrub(path)}: ${what}`, {
    ...{ cause, path },
    ...(hint === undefined ? {} : { hint }),
    ...(errno === undefined ? {} : { errno }),
  });
}

/** A file that is larger than the reader takes (SYSTEM, EFBIG). */
export function fileTooLarge(path: string, most: number): PortfenceError {
  return new PortfenceError('SYSTEM', `can't read ${scrub(path)}: it is larger than ${most} bytes`, {
    ...{ hint: 'name the right file, or make it smaller', errno: 'EFBIG', path },
  });
}

/** Settles as the work does, with its failure as `fileError` says it. */
export async function orFileError<T>(work: Promise<T>, action: FileAction, path: string): Promise<T> {
  try {
    return await work;
  } catch (cause) {
    throw fileError(cause, action, path);
  }
}

/** As `orFileError`, with a value for what does not exist (ENOENT, and nothing else). */
export async function orMissing<T, M>(work: Promise<T>, { missing, ...what }: OrMissing<M>): Promise<T | M> {
  try {
    return await work;
  } catch (cause) {
    if (errnoOf(cause) === 'ENOENT') return missing;
    throw fileError(cause, what.action, what.path);
  }
}

interface OrMissing<M> {
  readonly missing: M;
  readonly action: FileAction;
  readonly path: string;
}

/** A command that could not be started: TOOL_MISSING for ENOENT and nothing else, SYSTEM with what to do for the rest. */
export function spawnError(cause: unknown, command: string): PortfenceError {
  const errno = errnoOf(cause);
  if (errno === 'ENOENT') return new PortfenceError('TOOL_MISSING', `${command} is missing`, { cause, errno });
  const [what, hint] = MEANING[errno ?? ''] ?? [errno ?? String(cause), undefined];
  return new PortfenceError('SYSTEM', `can't start ${command}: ${what}`, {
    cause,
    ...(hint === undefined ? {} : { hint }),
    ...(errno === undefined ? {} : { errno }),
  });
}

/**
 * Whether a command ended so because a program does not exist: our own word (see `run`), or that of a shell or of nsenter(1)
 * in between. A program whose libraries are missing ends with 127 as well, and is there.
 */
export function isMissingProgram({ code, stderr }: CommandResult): boolean {
  return code === 127 && !/shared librar/.test(stderr);
}

/** Whether a command was ended because it ran out of time (see `run`). */
export const isOutOfTime = ({ code, stderr }: CommandResult): boolean =>
  code === 124 && /did not end within/.test(stderr);
