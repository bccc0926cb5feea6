import { readFile } from 'node:fs/promises';

/** See `Processes.processIdentity`. Throws what the kernel says where /proc can't be read. */
export async function processIdentity(pid: number): Promise<string | undefined> {
  const stat = await readFile(`/proc/${pid}/stat`, 'latin1').catch((error: NodeJS.ErrnoException) => {
    // A process that ends between open and read answers ESRCH.
    if (error.code === 'ENOENT' || error.code === 'ESRCH') return undefined;
    throw error;
  });
  return stat === undefined ? undefined : identityIn(pid, stat);
}

/** The command's name (field 2) stands in brackets and may hold blanks and brackets: fields are counted after the last one. */
export function identityIn(pid: number, stat: string): string | undefined {
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const [state, start] = [fields[0], fields[19]];
  return start === undefined || state === 'Z' || state === 'X' ? undefined : `${pid}@${start}`;
}
