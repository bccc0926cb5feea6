import { hasPort, type PortSet, portsText } from '../ports.ts';
import type { Passed, Recorded } from './probe-table.ts';
import type { Check, Example } from './result.ts';
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
}

export type Verdict = Pick<Check, 'outcome' | 'attempts' | 'inRange' | 'outOfRange' | 'reason' | 'example'> & {
  /** How many were not seen on their way out at all. */
  readonly unseen: number;
  readonly notes: readonly string[];
};

export const connectionKey = (sourcePort: number, destinationPort: number): string =>
  `${sourcePort}:${destinationPort}`;

/** Some other program has the port, so there was no connection. Any other refusal (EPERM: a rule dropped it) is a result. */
const IN_USE: ReadonlySet<string> = new Set(['EADDRINUSE', 'EADDRNOTAVAIL']);

interface Departure extends Sent {
  readonly left: number;
}

/** Weighs the evidence: what was seen leaving decides; conntrack and the guard have to agree with it. Pure. */
export function judge(evidence: Evidence): Verdict {
  const { recorded, ranges, drops, leaked } = evidence;
  const opened = evidence.sent.filter(({ error }) => !IN_USE.has(error ?? ''));
  const came = new Map(recorded.before.map((one) => [connectionKey(one.sourcePort, one.destinationPort), one]));
  const went = new Map(recorded.after.map((one) => [identity(one), one]));
  const arrived = opened.filter(({ from, to }) => came.has(connectionKey(from, to)));
  const departures = arrived.flatMap((one): Departure[] => {
    const before = came.get(connectionKey(one.from, one.to));
    const after = before && went.get(identity(before));
    return after ? [{ ...one, left: after.sourcePort }] : [];
  });
  const stray = departures.filter(({ left }) => !hasPort(ranges, left));
  const counts = {
    attempts: opened.length,
    inRange: departures.length - stray.length,
    outOfRange: stray.length,
    unseen: opened.length - arrived.length,
  };
  const example = stray[0] && { example: exampleOf(stray[0], evidence) };
  const notes = leaked === undefined ? [] : guardNotes(leaked, stray.length, counts.attempts - departures.length);
  const verdict = (outcome: Check['outcome'], reason?: string): Verdict => ({
    outcome,
    ...counts,
    ...example,
    ...(reason === undefined ? {} : { reason }),
    notes,
  });
  if (stray.length > 0) {
    return verdict('fail', `${stray.length} of ${opened.length} left with a port outside ${portsText(ranges, ', ')}`);
  }
  const dropped = arrived.length - departures.length;
  if (drops && leaked !== undefined && leaked > 0 && dropped > 0) {
    return verdict('fail', `the guard dropped ${Math.min(dropped, leaked)} that nothing had mapped into the range`);
  }
  const contradiction = departures.find(({ from, to, left }) => {
    const tracked = evidence.tracked.get(connectionKey(from, to));
    return tracked !== undefined && tracked !== left;
  });
  if (contradiction) {
    const tracked = evidence.tracked.get(connectionKey(contradiction.from, contradiction.to));
    return verdict(
      'fail',
      `port ${contradiction.from} was seen leaving with port ${contradiction.left}, but conntrack says ${tracked}`,
    );
  }
  if (opened.length === 0) return verdict('inconclusive', 'there was no connection to open');
  if (departures.length === opened.length) return verdict('pass');
  const { unseen } = counts;
  const parts = [
    ...(unseen > 0 ? [`${unseen} of ${opened.length} did not come to be sent${errorWords(opened)}`] : []),
    ...(dropped > 0 ? [`${dropped} were dropped on their way out (the range is full, or a rule drops them)`] : []),
  ];
  return verdict('inconclusive', parts.join('; '));
}

const identity = ({ destinationPort, id }: Passed): string => `${destinationPort} ${id}`;

function exampleOf({ from, to, left }: Departure, { address, destination }: Evidence): Example {
  return { address, from, left, to: `${destination} port ${to}` };
}

function errorWords(sent: readonly Sent[]): string {
  const errors = [...new Set(sent.flatMap(({ error }) => error ?? []))];
  return errors.length === 0 ? '' : ` (${errors.join(', ')})`;
}

function guardNotes(leaked: number, stray: number, missing: number): readonly string[] {
  if (leaked > stray + missing)
    return [`the guard counted ${leaked - stray} leaked packets besides, which were none of these`];
  if (leaked < stray) return [`the guard counted only ${leaked} of the ${stray} that left out of range`];
  return [];
}
