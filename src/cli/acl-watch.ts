import { basename, dirname } from 'node:path';
import { PortfenceError } from '../errors.ts';
import { scrub } from '../scrub.ts';
import type { Context } from './context.ts';

/** Milliseconds in which several changes of a file, as editors make them, count as one. */
const SETTLE_MS = 200;

/**
 * Answers now, and again whenever one of the files changes, until the process is interrupted or `signal` fires. What a file that is
 * being written lacks is said, and waited for. Throws USAGE where no file is named.
 */
export async function answerOnChange(
  { system, say }: Context,
  { file = [], live, parameters = [] }: { file?: readonly string[]; live?: boolean; parameters?: readonly string[] },
  answer: () => Promise<void>,
  signal?: AbortSignal,
): Promise<void> {
  const names = [...file, ...parameters].filter((name) => name !== '-');
  if (live || names.length === 0 || names.length < file.length + parameters.length)
    throw new PortfenceError('USAGE', '--watch watches files, and one is named with --file', {
      hint: 'write --file acls.json --watch; ports: { acl: auto } in the policy follows EC2',
    });
  let changed: () => void = () => {};
  let next = new Promise<void>((resolve) => {
    changed = resolve;
  });
  const watched = names.map((name) =>
    system.watchFolder(dirname(name), (entry) => {
      if (entry === '' || entry === basename(name)) changed();
    }),
  );
  const stopped = new Promise<void>((resolve) => signal?.addEventListener('abort', () => resolve(), { once: true }));
  try {
    while (!signal?.aborted) {
      await answer().catch((error: unknown) => {
        if (!(error instanceof PortfenceError)) throw error;
        say(`${scrub(error.message)} (waiting for a change)`);
      });
      await Promise.race([next, stopped]);
      await system.sleep(SETTLE_MS, signal);
      next = new Promise<void>((resolve) => {
        changed = resolve;
      });
    }
  } finally {
    for (const one of watched) one.close();
  }
}
