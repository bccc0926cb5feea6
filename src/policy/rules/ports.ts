import { HIGHEST_PORT, type PortRange, portCount, portSet, rangeText } from '../../ports.ts';
import { type Data, type Entry, entries, listEntries } from '../data.ts';
import { error, type Finding, warning } from '../finding.ts';
import { displayed, type PolicyPath } from '../problem.ts';
import { SERVICE } from '../wording.ts';
import { readPolicyRange } from './range-text.ts';
import type { PolicyRuleInput } from './rule.ts';

const PORTS: PolicyPath = ['ports'];
const EXEMPT: PolicyPath = ['exempt', 'sourcePorts'];
/** The lowest port that needs no privileges (ip(7)). */
export const LOWEST_ALLOWED = 1024;
/** A source port that stays may be any but 0. */
export const LOWEST_EXEMPT = 1;
const FEW_PORTS = 64;
const HOST_RANGE_PORTS = 1024;

/** Every port and range can be read and lies within its limits. */
export function portsAreRanges({ data }: PolicyRuleInput): readonly Finding[] {
  return [...unreadable(data, PORTS, LOWEST_ALLOWED), ...unreadable(data, EXEMPT, LOWEST_EXEMPT)];
}

/** No range shares a port with another of the same list. */
export function portsDoNotOverlap({ data }: PolicyRuleInput): readonly Finding[] {
  return [...overlaps(ranges(data, PORTS, LOWEST_ALLOWED)), ...overlaps(ranges(data, EXEMPT, LOWEST_EXEMPT))];
}

/** Warns where fewer than 64 ports are allowed. */
export function portsAreEnough({ data }: PolicyRuleInput): readonly Finding[] {
  const count = allowedCount(data);
  if (count === 0 || count >= FEW_PORTS) return [];
  const many = count === 1 ? 'only 1 port' : `only ${count} ports`;
  return [warning(PORTS, `${many} for every connection that leaves`, `${FEW_PORTS} or more are advisable`)];
}

/** Warns where `hostRange: always` leaves the host fewer than 1,024 ports. */
export function hostRangeIsWideEnough({ data }: PolicyRuleInput): readonly Finding[] {
  const count = allowedCount(data);
  const always = entries(data, ['hostRange'])[0]?.text === 'always';
  if (!always || count === 0 || count >= HOST_RANGE_PORTS) return [];
  const message = `always gives the host's own programs ${count} ports to connect from, fewer than 1,024`;
  return [warning(['hostRange'], message, 'write auto, or allow more ports')];
}

/** Every service is a port and a protocol. */
export function servicesAreServices({ data }: PolicyRuleInput): readonly Finding[] {
  return listEntries(data, ['ports', 'services']).flatMap(({ path, text }) =>
    SERVICE.test(text) && Number.parseInt(text, 10) <= HIGHEST_PORT
      ? []
      : [error(path, `${displayed(text)} is no service`, 'write a port and a protocol, like 443/tcp')],
  );
}

interface Placed extends Entry {
  readonly range: PortRange;
}

function unreadable(data: Data, path: PolicyPath, lowest: number): readonly Finding[] {
  return entries(data, path).flatMap((entry) => {
    const reading = readPolicyRange(entry.text, lowest);
    return 'fault' in reading ? [error(entry.path, reading.fault.message, reading.fault.remedy)] : [];
  });
}

function ranges(data: Data, path: PolicyPath, lowest: number): readonly Placed[] {
  return entries(data, path).flatMap((entry) => {
    const reading = readPolicyRange(entry.text, lowest);
    return 'value' in reading ? [{ ...entry, range: reading.value }] : [];
  });
}

/** Reported at the one of the two that is written later; one finding for each range that begins within another. */
function overlaps(placed: readonly Placed[]): readonly Finding[] {
  const order = new Map(placed.map((one, i) => [one, i]));
  const sorted = [...placed].sort((a, b) => a.range.from - b.range.from);
  const findings: Finding[] = [];
  let widest: Placed | undefined;
  for (const next of sorted) {
    if (widest && next.range.from <= widest.range.to) {
      const nextIsLater = (order.get(next) ?? 0) > (order.get(widest) ?? 0);
      findings.push(nextIsLater ? overlap(next, widest) : overlap(widest, next));
    }
    if (!widest || next.range.to > widest.range.to) widest = next;
  }
  return findings;
}

function overlap(later: Placed, earlier: Placed): Finding {
  const [a, b] = [rangeText(later.range), rangeText(earlier.range)];
  if (a === b) return error(later.path, `${a} is listed twice`, 'remove one of the two');
  const both = portSet(later.range, earlier.range).map(rangeText).join(', ');
  return error(later.path, `${a} overlaps ${b}`, `write ${both} for both`);
}

function allowedCount(data: Data): number {
  return portCount(portSet(...ranges(data, PORTS, LOWEST_ALLOWED).map(({ range }) => range)));
}
