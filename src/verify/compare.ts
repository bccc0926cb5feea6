import { PortfenceError } from '../errors.ts';
import { hasPort, portsText } from '../ports.ts';
import type { System } from '../system/system.ts';
import { type Batch, batchesOf, type Run } from './batches.ts';
import { type Checked, sendAndWatch } from './check-origin.ts';
import { attachGuest } from './guest.ts';
import { copyHost } from './host-copy.ts';
import { type Departure, departuresOf } from './judge.ts';
import type { Check, Origin } from './model.ts';
import { containerNetworks, guestNetworks } from './networks.ts';
import { hostOrigin } from './origins.ts';
import type { Prepared } from './prepare.ts';
import { type Cleanup, withCleanup } from './temporary.ts';

/** How many connections of each kind are sent twice. */
const CONNECTIONS = 24;

/**
 * Sends the same connections without the fence and with it, in a copy of this host's interfaces and NAT rules, and compares the
 * address that they leave with; the port has to be in range with the fence. Throws nothing but what an interruption throws: a
 * host that can't be copied is a check that can't be decided.
 */
export async function compareInCopy(system: System, prepared: Prepared): Promise<Checked> {
  try {
    return await withCleanup((cleanup) => compareAll(system, prepared, cleanup));
  } catch (error) {
    prepared.run.signal?.throwIfAborted();
    if (!(error instanceof PortfenceError)) throw error;
    const reason = `this host can not be copied: ${error.message}`;
    const family = prepared.targets[0]?.family ?? 'ipv4';
    const nothing = { outcome: 'inconclusive', attempts: 0, inRange: 0, outOfRange: 0, reason } as const;
    return { checks: [{ name: 'copy of this host', origin: 'host', family, protocol: 'tcp', ...nothing }], notes: [] };
  }
}

interface Compared {
  readonly origin: Origin;
  readonly batches: readonly Batch[];
}

async function compareAll(system: System, prepared: Prepared, cleanup: Cleanup): Promise<Checked> {
  const { targets } = prepared;
  const copy = await copyHost(system, prepared, cleanup);
  const run: Run = { ...prepared.run, connections: 2 * CONNECTIONS };
  const all: Compared[] = [];
  for (const origin of await originsIn(copy.system, prepared, cleanup)) {
    const reachable = targets.filter(({ family }) => origin.addresses[family] !== undefined);
    const batches = await batchesOf(copy.system, origin, reachable, run);
    const confined = batches.map(withOwnPorts).filter(({ sending }) => sending.from.length > 0);
    if (confined.length > 0) all.push({ origin, batches: confined });
  }
  const without = await departures(copy.system, all, run);
  await copy.addFence();
  const fenced = await departures(copy.system, all, run);
  const checks = all.flatMap(({ origin, batches }) =>
    batches.map((batch) => compared({ origin, batch, run }, without.get(batch) ?? [], fenced.get(batch) ?? [])),
  );
  return { checks, notes: [] };
}

/** Ports that the kernel would choose differ from one time to the next. */
function withOwnPorts(batch: Batch): Batch {
  const { sending } = batch;
  return {
    ...batch,
    sending: { ...sending, from: sending.from.filter((port) => port !== 0), spares: [], answerMs: 0 },
  };
}

async function originsIn(system: System, prepared: Prepared, cleanup: Cleanup): Promise<readonly Origin[]> {
  const { run, routes, targets } = prepared;
  const { plan, facts, policy } = run;
  const networks = [...containerNetworks(plan, facts).networks, ...guestNetworks(plan, facts, routes)];
  const origins: Origin[] = policy.host === 'off' ? [] : [hostOrigin(system, routes)];
  const families = targets.map(({ family }) => family);
  for (const network of networks) origins.push(await attachGuest(system, network, families, cleanup));
  return origins;
}

async function departures(
  system: System,
  all: readonly Compared[],
  { signal }: Run,
): Promise<ReadonlyMap<Batch, readonly Departure[]>> {
  const found = new Map<Batch, readonly Departure[]>();
  for (const { origin, batches } of all) {
    const watched = await withCleanup((cleanup) => sendAndWatch(system, { origin, batches, signal }, cleanup));
    for (const [batch, { sent, recorded }] of watched) found.set(batch, departuresOf(sent, recorded).departures);
  }
  return found;
}

interface Subject {
  readonly origin: Origin;
  readonly batch: Batch;
  readonly run: Run;
}

function compared({ origin, batch, run }: Subject, without: readonly Departure[], fenced: readonly Departure[]): Check {
  const { target, protocol, sending } = batch;
  const { ranges } = run.plan;
  const pairs = without.flatMap((before) => {
    const after = fenced.find(({ from, to }) => from === before.from && to === before.to);
    return after ? [{ before, after }] : [];
  });
  const changed = pairs.filter(({ before, after }) => before.leftAddress !== after.leftAddress);
  const outside = pairs.filter(({ after }) => !hasPort(ranges, after.left));
  const shown = changed[0] ?? outside[0] ?? pairs[0];
  const reason =
    changed.length > 0
      ? `${changed.length} of ${pairs.length} left with another source address than without the fence`
      : outside.length > 0
        ? `${outside.length} of ${pairs.length} left with a port outside ${portsText(ranges, ', ')}`
        : pairs.length < sending.from.length || pairs.length === 0
          ? `${sending.from.length - pairs.length} of ${sending.from.length} were not seen leaving both times`
          : undefined;
  const isWrong = changed.length + outside.length > 0;
  return {
    name: `copy of ${origin.label} ${protocol} ${target.family}`,
    origin: origin.kind,
    ...(origin.network === undefined ? {} : { network: origin.network }),
    family: target.family,
    protocol,
    outcome: isWrong ? 'fail' : reason === undefined ? 'pass' : 'inconclusive',
    attempts: sending.from.length,
    inRange: pairs.length - outside.length,
    outOfRange: outside.length,
    ...(shown
      ? {
          address: {
            expected: shown.before.leftAddress,
            seen: shown.after.leftAddress,
            by: 'what leaves without the fence, in a copy of this host',
          },
        }
      : {}),
    ...(isWrong && shown ? { example: exampleOf(shown.after, { origin, batch }) } : {}),
    ...(reason === undefined ? {} : { reason }),
  };
}

function exampleOf(
  { from, to, left, leftAddress }: Departure,
  { origin, batch: { target } }: Pick<Subject, 'origin' | 'batch'>,
) {
  const address = origin.addresses[target.family] ?? '';
  return { address, from, left, leftAddress, to: `${target.address} port ${to}` };
}
