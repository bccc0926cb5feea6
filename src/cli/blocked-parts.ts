import type { AddressBlock } from '../acl/address-block.ts';
import type { Question } from '../acl/question.ts';
import type { PortAnswer } from '../acl/solve.ts';
import { partsOf } from '../acl/split.ts';
import type { Cidr } from '../addresses.ts';

/** With more of them, what each peer leaves by itself tells enough. */
const MOST_PEERS = 8;
const MOST_LISTED = 3;

/**
 * One rule that denies a block takes every port away from all: where no port passes, the notes name such blocks, if others have
 * ports.
 */
export function blockedParts(question: Question, { ranges, unsure }: PortAnswer): readonly string[] {
  if (ranges.length > 0 || unsure.length > 0 || question.peers.length > MOST_PEERS) return [];
  return question.peers.flatMap((peer) => noteFor(question, peer) ?? []);
}

function noteFor(question: Question, peer: AddressBlock): string | undefined {
  const parts = partsOf(question, peer);
  if (!parts.some((part) => part.ranges.length > 0)) return undefined;
  const open = parts.flatMap((part) => (part.ranges.length > 0 ? part.blocks : []));
  const blocked = parts.flatMap((part) => (part.ranges.length + part.unsure.length === 0 ? part.blocks : []));
  const what =
    blocked.length > 0 && blocked.length <= open.length
      ? `nothing passes to ${listed(blocked)}, whatever the port; other parts of ${peer.cidr} have ports`
      : `no port serves all of ${peer.cidr}, but ${listed(open)} ${open.length === 1 ? 'has' : 'have'} some`;
  return `${what}: --split shows them, --peer asks about one`;
}

const listed = (blocks: readonly Cidr[]): string =>
  `${blocks.slice(0, MOST_LISTED).join(', ')}${blocks.length > MOST_LISTED ? ` and ${blocks.length - MOST_LISTED} more blocks` : ''}`;
