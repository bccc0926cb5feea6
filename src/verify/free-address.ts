import { Address4, Address6 } from 'ip-address';
import type { Cidr } from '../addresses.ts';
import { fields, list, parseJson, text } from '../observe/untrusted.ts';
import type { System } from '../system/system.ts';
import { must } from './command.ts';
import { highAddresses } from './networks.ts';
import { until } from './until.ts';

const CANDIDATES = 4;
/** Neighbours on one host's own bridge answer within a millisecond. */
const ANSWER_MS = 100;

/**
 * An address of the bridge's subnet that nobody answers for, with the subnet's length; undefined where there is none. The
 * kernel itself is made to ask for the neighbour (NTF_USE), and forgets it again.
 */
export async function freeAddress(system: System, bridge: string, gateway: Cidr): Promise<Cidr | undefined> {
  const known = await neighbours(system, bridge);
  const candidates = highAddresses(gateway, [...known.keys()], CANDIDATES);
  const asked: string[] = [];
  for (const address of candidates) {
    const { code } = await system.run(['ip', 'neigh', 'replace', address, 'dev', bridge, 'use']);
    if (code === 0) asked.push(address);
  }
  let answers = known;
  try {
    await until(system, asked.length > 0 ? ANSWER_MS : 0, async () => {
      answers = await neighbours(system, bridge);
      return asked.every((address) => answers.get(address) === true);
    });
  } finally {
    for (const address of asked) await system.run(['ip', 'neigh', 'del', address, 'dev', bridge]);
  }
  const free = candidates.find((address) => answers.get(address) !== true);
  return free && `${free}/${lengthOf(gateway)}`;
}

const lengthOf = (gateway: Cidr): number =>
  (gateway.includes(':') ? new Address6(gateway) : new Address4(gateway)).subnetMask;

/** Neighbours on a link by address, and whether each has answered. */
async function neighbours(system: System, bridge: string): Promise<ReadonlyMap<string, boolean>> {
  const json = await must(system, ['ip', '-j', 'neigh', 'show', 'dev', bridge]);
  return new Map(
    list(parseJson(json, 'ip neigh')).flatMap((entry) => {
      const neighbour = fields(entry);
      const address = text(neighbour['dst']);
      return address === undefined ? [] : [[address, text(neighbour['lladdr']) !== undefined] as const];
    }),
  );
}
