import { Address4, Address6 } from 'ip-address';
import type { Cidr } from '../../addresses.ts';
import { type Data, type Entry, listEntries } from '../data.ts';
import { error, type Finding, warning } from '../finding.ts';
import type { PolicyPath } from '../problem.ts';
import { readPolicyBlock } from './block-text.ts';
import type { PolicyRuleInput } from './rule.ts';

const DESTINATIONS: PolicyPath = ['exempt', 'destinations'];
const ROUTED: PolicyPath = ['containers', 'routed'];
const PEERS: PolicyPath = ['ports', 'peers'];

/** Every address block can be read, without host bits. */
export function addressesAreBlocks({ data }: PolicyRuleInput): readonly Finding[] {
  return [DESTINATIONS, ROUTED, PEERS].flatMap((path) =>
    listEntries(data, path).flatMap((entry) => {
      const reading = readPolicyBlock(entry.text);
      return 'fault' in reading ? [error(entry.path, reading.fault.message, reading.fault.remedy)] : [];
    }),
  );
}

/** No block stands twice (error) or within another (warning). */
export function blocksAreListedOnce({ data }: PolicyRuleInput): readonly Finding[] {
  return [DESTINATIONS, ROUTED].flatMap((path) => repeated(blocks(data, path)));
}

/** Warns of an exemption that takes a whole family. */
export function exemptionLeavesSomethingFenced({ data }: PolicyRuleInput): readonly Finding[] {
  const all: Readonly<Record<Cidr, string>> = { '0.0.0.0/0': 'IPv4', '::/0': 'IPv6' };
  return blocks(data, DESTINATIONS).flatMap(({ path, block }) => {
    const family = all[block];
    if (family === undefined) return [];
    return [
      warning(
        path,
        `${block} exempts every ${family} destination, so that nothing is fenced there`,
        'exempt less, or leave the family out of families',
      ),
    ];
  });
}

interface Placed extends Entry {
  readonly block: Cidr;
}

function blocks(data: Data, path: PolicyPath): readonly Placed[] {
  return listEntries(data, path).flatMap((entry) => {
    const reading = readPolicyBlock(entry.text);
    return 'value' in reading ? [{ ...entry, block: reading.value }] : [];
  });
}

function repeated(placed: readonly Placed[]): readonly Finding[] {
  const known = new Set(placed.map(({ block }) => block));
  const lengths = [...new Set(placed.map(({ block }) => lengthOf(block)))];
  const seen = new Set<Cidr>();
  return placed.flatMap(({ path, block }) => {
    if (seen.has(block)) return [error(path, `${block} is listed twice`, 'remove one of the two')];
    seen.add(block);
    const shorter = lengths.filter((length) => length < lengthOf(block));
    const around = shorter.map((length) => enclosing(block, length)).find((wider) => known.has(wider));
    return around === undefined
      ? []
      : [warning(path, `${block} lies within ${around}, which is listed too`, 'remove it')];
  });
}

function enclosing(block: Cidr, length: number): Cidr {
  const [address = ''] = block.split('/');
  const wider = `${address}/${length}`;
  const network = address.includes(':') ? new Address6(wider) : length <= 32 ? new Address4(wider) : undefined;
  return `${network?.startAddress().correctForm()}/${length}`;
}

function lengthOf(block: Cidr): number {
  return Number(block.split('/')[1]);
}
