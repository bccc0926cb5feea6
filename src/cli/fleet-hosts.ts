import { type Command, InvalidArgumentError } from 'commander';
import type { Heard } from '../fleet/ask-host.ts';
import type { FleetHost } from '../fleet/host-list.ts';
import { scrub } from '../scrub.ts';
import { readNamedFile } from './acl-files.ts';
import type { Context } from './context.ts';

/** The flags of `withFleetTimeout`, as commander gives them. */
export interface FleetTimeout {
  readonly timeout: number;
}

const USUAL_S = 3;
const LONGEST_S = 300;

/** Adds the flag that says how long a host may take. */
export const withFleetTimeout = (command: Command): Command =>
  command.option('--timeout <seconds>', 'how long each host may take to answer', readSeconds, USUAL_S);

function readSeconds(text: string): number {
  const seconds = Number(text);
  if (!/^\d+(?:\.\d+)?$/.test(text) || seconds <= 0 || seconds > LONGEST_S)
    throw new InvalidArgumentError(`write seconds, up to ${LONGEST_S}.`);
  return seconds;
}

const PROGRESS_EVERY_MS = 1000;

/** Asks every host that the file names. Throws USAGE for the file, and nothing for the hosts. */
export async function hearFleetOf(
  context: Context,
  file: string,
  { timeout }: FleetTimeout,
): Promise<readonly { readonly host: FleetHost; readonly heard: Heard }[]> {
  const { system, say, colour } = context;
  const [{ hearFleet }, { readHostList }] = await Promise.all([
    import('../fleet/ask-fleet.ts'),
    import('../fleet/host-list.ts'),
  ]);
  const hosts = readHostList(await readNamedFile(system, file), file === '-' ? 'stdin' : scrub(file));
  let said = system.now();
  const onProgress = (asked: number): void => {
    if (!colour || asked === hosts.length || system.now() - said < PROGRESS_EVERY_MS) return;
    said = system.now();
    say(`${asked} of ${hosts.length} hosts asked`);
  };
  return hearFleet(system, hosts, { timeoutMs: timeout * 1000, onProgress });
}
