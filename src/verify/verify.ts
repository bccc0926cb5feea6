import { PortfenceError } from '../errors.ts';
import type { Policy } from '../policy/policy.ts';
import type { PolicySource } from '../reconcile/survey.ts';
import type { System } from '../system/system.ts';
import { type Checked, checkOrigin } from './check-origin.ts';
import { compareInCopy } from './compare.ts';
import { demandAnswers } from './judge.ts';
import { type Check, type Origin, SENT_PROTOCOLS, type Unavailable, type Verified } from './model.ts';
import { type OriginSource, originSources } from './origins.ts';
import { prepare, removeLeftovers } from './prepare.ts';
import type { Target } from './target.ts';
import { type Cleanup, withCleanup } from './temporary.ts';

export interface VerifyOptions {
  readonly policy: PolicySource;
  /** Of each kind, 1 to 10,000. */
  readonly connections: number;
  /** `HOST:PORT` of a peer; documentation addresses where none is named. */
  readonly to?: string | undefined;
  /** Sends the same connections with and without the fence as well, in a copy of this host. */
  readonly compare?: boolean | undefined;
  readonly dockerHost?: string | undefined;
  readonly say: (line: string) => void;
  /** Ends the run when it fires; everything is removed first. */
  readonly signal?: AbortSignal;
}

/**
 * Sends real connections from the host and from container networks, and reports with which ports and addresses they left. Changes nothing
 * that stays. Throws NOT_ROOT, USAGE for a peer that is none, INTERRUPTED, TOOL_MISSING, KERNEL_REFUSED or SYSTEM.
 */
export async function verify(system: System, options: VerifyOptions): Promise<Verified> {
  if (!system.isRoot) {
    throw new PortfenceError('NOT_ROOT', 'verify needs root: it sends from network namespaces of its own', {
      hint: 'run it with sudo',
    });
  }
  try {
    return await verifyAll(system, options);
  } catch (cause) {
    if (!options.signal?.aborted) throw cause;
    throw new PortfenceError('INTERRUPTED', 'interrupted; everything that verify made is removed', { cause });
  }
}

async function verifyAll(system: System, options: VerifyOptions): Promise<Verified> {
  const { signal, say } = options;
  await removeLeftovers(system);
  const prepared = await prepare(system, options);
  const { run, targets } = prepared;
  const { sources, notes } = await originSources(system, prepared, options.dockerHost);
  const results: Checked[] = [];
  for (const source of targets.length === 0 ? [] : sources) {
    signal?.throwIfAborted();
    say(`${source.label}: ${run.connections} connections of each kind to ${targets.map(toText).join(' and ')}`);
    const checked = await withCleanup(async (cleanup): Promise<Checked> => {
      const opened = await open(source, cleanup, signal);
      if ('closed' in opened) return { checks: closedChecks(source, run.policy, opened.closed), notes: [] };
      if ('note' in opened) return { checks: [], notes: [opened.note] };
      return checkOrigin(system, opened, targets, run);
    });
    results.push(checked);
  }
  if (options.compare && targets.length > 0) {
    say('comparing addresses and ports with and without the fence, in a copy of this host');
    results.push(await compareInCopy(system, prepared));
  }
  signal?.throwIfAborted();
  const checks = demandAnswers(results.flatMap((one) => one.checks));
  const found = results.flatMap((one) => one.notes);
  return { ok: allPass(checks), checks, notes: [...new Set([...prepared.notes, ...notes, ...found])] };
}

/** An origin that can't be opened is a check that can't be decided, not the end of the others. */
async function open(
  source: OriginSource,
  cleanup: Cleanup,
  signal: AbortSignal | undefined,
): Promise<Origin | Unavailable | { closed: string }> {
  try {
    return await source.open(cleanup);
  } catch (error) {
    signal?.throwIfAborted();
    if (error instanceof PortfenceError && error.code === 'SYSTEM') return { closed: error.message };
    throw error;
  }
}

function closedChecks(
  { kind, label, network, families }: OriginSource,
  { protocols }: Policy,
  reason: string,
): readonly Check[] {
  return families.flatMap((family) =>
    SENT_PROTOCOLS.filter((protocol) => protocols.includes(protocol)).map((protocol) => ({
      name: `${label} ${protocol} ${family}`,
      origin: kind,
      ...(network === undefined ? {} : { network }),
      family,
      protocol,
      outcome: 'inconclusive',
      attempts: 0,
      inRange: 0,
      outOfRange: 0,
      reason,
    })),
  );
}

function allPass(checks: readonly Check[]): boolean {
  return checks.length > 0 && checks.every(({ outcome, attempts }) => outcome === 'pass' && attempts > 0);
}

const toText = ({ address, ports }: Target): string => `${address} port ${ports[0]}`;
