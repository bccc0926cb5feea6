import { InvalidArgumentError } from 'commander';

/** The help text of `--root`. */
export const ROOT_WORDS = 'work on the files of the system in this folder (an image that is being baked)';

/** The folder's path without a slash at its end; `/` is this system itself. */
export function rootOf(path: string): string | undefined {
  if (!path.startsWith('/')) throw new InvalidArgumentError('write an absolute path.');
  return path.replace(/\/+$/, '') || undefined;
}
