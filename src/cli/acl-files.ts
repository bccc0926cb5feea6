import { PortfenceError } from '../errors.ts';
import { scrub } from '../scrub.ts';
import type { System } from '../system/system.ts';

const MOST_BYTES = 64 * 1024 * 1024;

/** The text of a file, or of standard input for `-`, 64 MiB at most. Throws USAGE where there is none, SYSTEM where it can't be read. */
export async function readNamedFile(system: System, name: string): Promise<string> {
  if (name === '-') return standardInput(system);
  const text = await system.readText(name, MOST_BYTES);
  if (text === undefined) throw new PortfenceError('USAGE', `there is no file ${scrub(name)}`);
  return text;
}

async function standardInput(system: System): Promise<string> {
  return system.readInput(MOST_BYTES).catch((cause: unknown) => {
    if (!(cause instanceof RangeError)) throw cause;
    throw new PortfenceError('USAGE', `can't read standard input: ${cause.message}`, { cause });
  });
}
