import { isExpected, isPrivate, type SourceAddress, sourceText } from '../plan/source-address.ts';
import { hasPort, type PortSet, portsText } from '../ports.ts';
import type { Check, CheckedAddress, Example } from './model.ts';
import type { Passed, Recorded } from './probe-table.ts';
import type { Sent } from './sending.ts';

/** Everything that is known about the connections of one check. */
export interface Evidence {
  /** Connections that the policy confines, opened or not. */
  readonly sent: readonly Sent[];
  readonly recorded: Recorded;
  /** The port that conntrack says a connection leaves with, by `SOURCE PORT:DESTINATION PORT`; only those that it tracks. */
  readonly tracked: ReadonlyMap<string, number>;
  /** How many packets of this kind the guard counted as leaked meanwhile; undefined where no guard counts. */
  readonly leaked: number | undefined;
  readonly drops: boolean;
  readonly ranges: PortSet;
  /** Source and destination address. */
  readonly address: string;
  readonly destination: string;
  /** The address that a connection from this port is to leave with; undefined where it can't be known. */
  expected(port: number): SourceAddress | undefined;
  /** Addresses of the interface that they leave by: what the network gave this host, it also answers. */
  readonly own: readonly string[];
}

export type Verdict = Pick<
  Check,
  'outcome' | 'attempts' | 'inRange' | 'outOfRange' | 'reason' | 'remedy' | 'example' | 'address'
> & {
  /** How many were not seen on their way out at all. */
  readonly unseen: number;
  readonly answered: number;
  readonly notes: readonly string[];
};

export const connectionKey = (sourcePort: number, destinationPort: number): string =>
  `${sourcePort}:${destinationPort}`;

/** Some other program has the port, so there was no connection. Any other refusal (EPERM: a rule dropped it) is a result. */
const IN_USE: ReadonlySet<string> = new Set(['EADDRINUSE', 'EADDRNOTAVAIL']);

/** A connection that was seen leaving, with the port and the source address that it left with. */
export interface Departure extends Sent {
  readonly left: number;
  readonly leftAddress: string;
}

/** The connections that came to be sent, and those of them that were seen leaving. Packets of others are passed over. */
export function departuresOf(sent: readonly Sent[], recorded: Recorded) {
  const opened = sent.filter(({ error }) => !IN_USE.has(error ?? ''));
  const before = new Map(recorded.before.map((one) => [connectionKey(one.sourcePort, one.destinationPort), one]));
  const after = new Map(recorded.after.map((one) => [identity(one), one]));
  const arrived = opened.filter(({ from, to }) => before.has(connectionKey(from, to)));
  const departures = arrived.flatMap((one): Departure[] => {
    const came = before.get(connectionKey(one.from, one.to));
    const went = came && after.get(identity(came));
    return went ? [{ ...one, left: went.sourcePort, leftAddress: went.source }] : [];
  });
  return { opened, arrived, departures };
}

const identity = ({ destinationPort, id }: Passed): string => `${destinationPort} ${id}`;

type Weighed = ReturnType<typeof departuresOf>;
/** What decides a check, and why; the first that finds something wins. */
type Finding = Pick<Verdict, 'outcome' | 'reason' | 'remedy' | 'example'>;

/** Weighs the evidence: what was seen leaving decides; conntrack and the guard have to agree with it. Pure. */
export function judge(evidence: Evidence): Verdict {
  const weighed = departuresOf(evidence.sent, evidence.recorded);
  const { opened, arrived, departures } = weighed;
  const outside = departures.filter(({ left }) => !hasPort(evidence.ranges, left));
  const finding =
    wrongPort(evidence, weighed, outside) ??
    wrongAddress(evidence, weighed) ??
    guardDropped(evidence, weighed) ??
    contradicted(evidence, weighed) ??
    unseen(weighed) ??
    unanswerable(evidence, weighed);
  const missing = opened.length - departures.length;
  const address = addressOf(evidence, weighed);
  return {
    outcome: 'pass',
    attempts: opened.length,
    inRange: departures.length - outside.length,
    outOfRange: outside.length,
    unseen: opened.length - arrived.length,
    answered: opened.filter(({ answered }) => answered).length,
    ...(address ? { address } : {}),
    ...finding,
    notes: evidence.leaked === undefined ? [] : guardNotes(evidence.leaked, outside.length, missing),
  };
}

function wrongPort(evidence: Evidence, { opened }: Weighed, outside: readonly Departure[]): Finding | undefined {
  const [first] = outside;
  if (!first) return undefined;
  return {
    outcome: 'fail',
    reason: `${outside.length} of ${opened.length} left with a port outside ${portsText(evidence.ranges, ', ')}`,
    example: exampleOf(first, evidence),
  };
}

function wrongAddress(evidence: Evidence, { opened, departures }: Weighed): Finding | undefined {
  const wrong = departures.filter((one) => isWrong(evidence, one));
  const [first] = wrong;
  const expected = first && evidence.expected(first.from);
  if (!first || !expected) return undefined;
  return {
    outcome: 'fail',
    reason: `${wrong.length} of ${opened.length} left with the source address ${first.leftAddress} instead of ${sourceText(expected)} (${expected.by})`,
    example: { ...exampleOf(first, evidence), leftAddress: first.leftAddress },
  };
}

function isWrong({ expected }: Evidence, { from, leftAddress }: Departure): boolean {
  const address = expected(from);
  return address !== undefined && !isExpected(address, leftAddress);
}

function guardDropped({ drops, leaked = 0 }: Evidence, { arrived, departures }: Weighed): Finding | undefined {
  const dropped = arrived.length - departures.length;
  if (!drops || leaked === 0 || dropped === 0) return undefined;
  const reason = `the guard dropped ${Math.min(dropped, leaked)} that nothing had mapped into the range`;
  return { outcome: 'fail', reason };
}

function contradicted({ tracked }: Evidence, { departures }: Weighed): Finding | undefined {
  for (const { from, to, left } of departures) {
    const port = tracked.get(connectionKey(from, to));
    if (port === undefined || port === left) continue;
    return { outcome: 'fail', reason: `port ${from} was seen leaving with port ${left}, but conntrack says ${port}` };
  }
  return undefined;
}

function unseen({ opened, arrived, departures }: Weighed): Finding | undefined {
  if (opened.length === 0) return { outcome: 'inconclusive', reason: 'there was no connection to open' };
  if (departures.length === opened.length) return undefined;
  const notSent = opened.length - arrived.length;
  const dropped = arrived.length - departures.length;
  const parts = [
    ...(notSent > 0 ? [`${notSent} of ${opened.length} did not come to be sent${errorWords(opened)}`] : []),
    ...(dropped > 0 ? [`${dropped} were dropped on their way out (the range is full, or a rule drops them)`] : []),
  ];
  return { outcome: 'inconclusive', reason: parts.join('; ') };
}

/** A private address of a network behind this host comes back only where the network outside has a route to it. */
function unanswerable({ destination, own }: Evidence, { departures }: Weighed): Finding | undefined {
  if (isPrivate(destination)) return undefined;
  const hopeless = departures.filter(
    ({ leftAddress, answered }) => !answered && isPrivate(leftAddress) && !own.includes(leftAddress),
  );
  const [first] = hopeless;
  if (!first) return undefined;
  return {
    outcome: 'inconclusive',
    reason: `${hopeless.length} of ${departures.length} left with the private source address ${first.leftAddress} towards a public one: answers come only where the network outside translates or routes it`,
    remedy: 'name a peer that answers: --to HOST:PORT; or translate this network',
  };
}

function addressOf(evidence: Evidence, { opened, departures }: Weighed): CheckedAddress | undefined {
  const shown = departures.find((one) => isWrong(evidence, one)) ?? departures[0];
  const port = shown?.from ?? opened[0]?.from;
  const expected = port === undefined ? undefined : evidence.expected(port);
  if (!expected) return undefined;
  return { expected: sourceText(expected), ...(shown ? { seen: shown.leftAddress } : {}), by: expected.by };
}

function exampleOf({ from, to, left }: Departure, { address, destination }: Evidence): Example {
  return { address, from, left, to: `${destination} port ${to}` };
}

function errorWords(sent: readonly Sent[]): string {
  const errors = [...new Set(sent.flatMap(({ error }) => error ?? []))];
  return errors.length === 0 ? '' : ` (${errors.join(', ')})`;
}

function guardNotes(leaked: number, outside: number, missing: number): readonly string[] {
  if (leaked > outside + missing)
    return [`the guard counted ${leaked - outside} leaked packets besides, which were none of these`];
  if (leaked < outside) return [`the guard counted only ${leaked} of the ${outside} that left out of range`];
  return [];
}

/**
 * Demands answers of a named peer: where it answers any connection of a family and protocol, it has to answer those of every
 * check. TCP tries again by itself, so that each has to be answered; a datagram may be lost. Pure.
 */
export function demandAnswers(checks: readonly Check[]): readonly Check[] {
  return checks.map((check): Check => {
    const { answered, attempts, family, protocol, outcome } = check;
    if (answered === undefined || outcome !== 'pass' || answered === attempts) return check;
    const answering = checks.find(
      (other) => other.family === family && other.protocol === protocol && (other.answered ?? 0) > 0,
    );
    if (!answering) return check;
    const reason =
      answered === 0
        ? `none of ${attempts} got an answer, though the peer answers ${answering.name}`
        : `${attempts - answered} of ${attempts} got no answer`;
    return { ...check, outcome: answered === 0 || protocol === 'tcp' ? 'fail' : 'inconclusive', reason };
  });
}
