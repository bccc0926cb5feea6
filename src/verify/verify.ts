import { PortfenceError } from '../errors.ts';
import type { Policy } from '../policy/policy.ts';
import type { PolicySource } from '../survey/survey.ts';
import type { System } from '../system/system.ts';
import { type Checked, checkOrigin } from './check-origin.ts';
import { removeLeftovers } from './leftovers.ts';
import type { NotThere, Origin } from './origin.ts';
import { type Place, placesToSendFrom } from './places.ts';
import { prepare } from './prepare.ts';
import { type Check, SENT_PROTOCOLS, type Verified } from './result.ts';
import type { Target } from './target.ts';
import { type Undo, withUndo } from './undo.ts';

export interface VerifyOptions {
  readonly policy: PolicySource;
  /** Of each kind, 1 to 10,000. */
  readonly connections: number;
  /** `HOST:PORT` of a peer; documentation addresses where none is named. */
  readonly to?: string | undefined;
  readonly dockerHost?: string | undefined;
  readonly say: (line: string) => void;
  /** Ends the run when it fires; everything is removed first. */
  readonly signal?: AbortSignal;
}

/**
 * Sends real connections from the host and from container networks, and tells with which ports they left. Changes nothing
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
  const { setting, targets } = prepared;
  const { places, notes } = await placesToSendFrom(system, prepared, options.dockerHost);
  const results: Checked[] = [];
  for (const place of targets.length === 0 ? [] : places) {
    signal?.throwIfAborted();
    say(`${place.label}: ${setting.connections} connections of each kind to ${targets.map(toText).join(' and ')}`);
    const checked = await withUndo(async (undo): Promise<Checked> => {
      const opened = await open(place, undo, signal);
      if ('closed' in opened) return { checks: closedChecks(place, setting.policy, opened.closed), notes: [] };
      if ('note' in opened) return { checks: [], notes: [opened.note] };
      return checkOrigin(system, opened, targets, setting);
    });
    results.push(checked);
  }
  signal?.throwIfAborted();
  const checks = results.flatMap((one) => one.checks);
  const found = results.flatMap((one) => one.notes);
  return { ok: allPass(checks), checks, notes: [...new Set([...prepared.notes, ...notes, ...found])] };
}

/** A place that can't be opened is a check that can't be decided, not the end of the others. */
async function open(
  place: Place,
  undo: Undo,
  signal: AbortSignal | undefined,
): Promise<Origin | NotThere | { closed: string }> {
  try {
    return await place.open(undo);
  } catch (error) {
    signal?.throwIfAborted();
    if (error instanceof PortfenceError && error.code === 'SYSTEM') return { closed: error.message };
    throw error;
  }
}

function closedChecks({ label, network, families }: Place, { protocols }: Policy, reason: string): readonly Check[] {
  return families.flatMap((family) =>
    SENT_PROTOCOLS.filter((protocol) => protocols.includes(protocol)).map((protocol) => ({
      name: `${label} ${protocol} ${family}`,
      origin: network === undefined ? 'host' : 'container',
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
