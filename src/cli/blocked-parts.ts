import type { AddressBlock } from '../acl/address-block.ts';
import type { Question } from '../acl/question.ts';
import type { Answer } from '../acl/solve.ts';
import { partsOf } from '../acl/split.ts';

/** With more of them, what each peer leaves by itself tells enough. */
const MOST_PEERS = 8;
const MOST_LISTED = 3;

/**
 * One rule that denies a block takes every port away from all: where no port passes, the notes name such blocks, if others have
 * ports.
 */
export function blockedParts(question: Question, { ranges, unsure }: Answer): readonly string[] {
  if (ranges.length > 0 || unsure.length > 0 || question.peers.length > MOST_PEERS) return [];
  return question.peers.flatMap((peer) => noteFor(question, peer) ?? []);
}

function noteFor(question: Question, peer: AddressBlock): string | undefined {
  const parts = partsOf(question, peer);
  if (!parts.some((part) => part.ranges.length > 0)) return undefined;
  const blocked = parts.flatMap((part) => (part.ranges.length + part.unsure.length === 0 ? part.blocks : []));
  const more = blocked.length > MOST_LISTED ? ` and ${blocked.length - MOST_LISTED} more blocks` : '';
  const what =
    blocked.length > 0
      ? `nothing passes to ${blocked.slice(0, MOST_LISTED).join(', ')}${more}, whatever the port`
      : `no port serves all of ${peer.cidr}`;
  return `${what}; other parts of ${peer.cidr} have ports: --split shows them, --peer asks about one`;
}
