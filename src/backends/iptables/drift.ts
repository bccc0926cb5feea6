import { UNTRANSLATED } from '../../plan/counters.ts';
import { BOUND_SOCKET } from '../../plan/steps.ts';
import { FAMILIES } from '../../ports.ts';
import { byName, chainDrift, type Drift, sameRules } from '../drift.ts';
import type { FenceChain, FenceListing } from '../listing.ts';
import { createdTables, sections } from './creation.ts';
import { counterOf, isJump, listedName } from './listing.ts';
import { ROOT, TABLES } from './rules.ts';
import { countedKey, type PresentTable } from './transaction.ts';

const isPostrouting = ({ name }: Pick<FenceChain, 'name'>): boolean => name.endsWith(' POSTROUTING');
const texts = ({ rules }: FenceChain): readonly string[] => rules.map(({ expr }) => String(expr[0]));

/** How iptables' tables differ from what ought to be: our chains, and the place of our jump, which is first of all. */
export function iptablesDrift(wanted: FenceListing, present: FenceListing | undefined): readonly Drift[] {
  if (!present) return [`the chains ${ROOT} of iptables are missing`];
  return byName(wanted.chains, present.chains, 'chain', (ours, theirs) =>
    isPostrouting(ours) ? jumpDrift(theirs) : chainDrift(withoutPassing(ours), withoutPassing(theirs)),
  );
}

/** Rules about what comes and goes on a host. */
const isPassing = ({ comment = '' }: FenceChain['rules'][number]): boolean =>
  comment.includes(BOUND_SOCKET) || comment.startsWith(UNTRANSLATED);
const withoutPassing = (chain: FenceChain): FenceChain => ({
  ...chain,
  rules: chain.rules.filter((rule) => !isPassing(rule)),
});

/** Whether the rules about what comes and goes are others by now. */
export function arePassingRulesOutdated(wanted: FenceListing, present: FenceListing): boolean {
  const bound = ({ chains }: FenceListing) =>
    chains.flatMap(({ name, rules }) => rules.filter(isPassing).map(({ expr }) => `${name} ${String(expr[0])}`));
  return bound(wanted).join('\n') !== bound(present).join('\n');
}

function jumpDrift(chain: FenceChain): readonly Drift[] {
  const rules = texts(chain);
  const first = rules.findIndex(isJump);
  if (first < 0) return [`${chain.name}: the jump to ${ROOT} is missing`];
  return [
    ...rules.slice(0, first).map((text) => `${chain.name}: '${text}' stands above the fence and gets packets first`),
    ...(rules.slice(first + 1).some(isJump) ? [`${chain.name}: jumps to ${ROOT} more than once`] : []),
  ];
}

/** What is there of ours, table by table; chains equal to those of `wanted` need no change. */
export function presentTables(present: FenceListing | undefined, wanted?: FenceListing): readonly PresentTable[] {
  if (!present) return [];
  return FAMILIES.flatMap((family) =>
    TABLES.flatMap((table): readonly PresentTable[] => {
      const prefix = listedName(family, table, '');
      const own = present.chains.filter(({ name }) => name.startsWith(prefix));
      if (own.length === 0) return [];
      const chains = own.filter((chain) => !isPostrouting(chain));
      const postrouting = own.filter(isPostrouting).flatMap(texts);
      const jumps = postrouting.filter(isJump);
      const short = ({ name }: FenceChain) => name.slice(prefix.length);
      const isAsWanted = (chain: FenceChain) =>
        wanted?.chains.some((one) => one.name === chain.name && sameRules(one, chain)) ?? false;
      return [
        {
          family,
          table,
          chains: chains.map(short),
          asWanted: chains.filter(isAsWanted).map(short),
          jumps,
          jumpsFirst: jumps.length === 1 && postrouting.length === 1,
          counted: new Map(chains.flatMap((chain) => countedIn(short(chain), chain))),
        },
      ];
    }),
  );
}

/** Of what is there, the chains that hold as many rules as they were made with. */
export function undisturbed(present: FenceListing, creation: readonly string[]): FenceListing {
  const sizes = new Map(
    sections(creation).flatMap((section) =>
      createdTables(section).flatMap(({ table, chains }) =>
        chains.map(({ name, rules }) => [listedName(section.family, table, name), rules.length] as const),
      ),
    ),
  );
  return { ...present, chains: present.chains.filter(({ name, rules }) => sizes.get(name) === rules.length) };
}

function countedIn(name: string, { rules }: FenceChain): readonly (readonly [string, string])[] {
  const sums = new Map<string, { packets: number; bytes: number }>();
  for (const { comment, count } of rules) {
    const counter = counterOf(comment);
    if (counter === undefined || !count) continue;
    const before = sums.get(counter) ?? { packets: 0, bytes: 0 };
    sums.set(counter, { packets: before.packets + count.packets, bytes: before.bytes + count.bytes });
  }
  return [...sums].map(([counter, { packets, bytes }]) => [countedKey(name, counter), `${packets}:${bytes}`]);
}
