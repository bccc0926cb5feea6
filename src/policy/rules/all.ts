import { addressesAreBlocks, blocksAreListedOnce, exemptionLeavesSomethingFenced } from './addresses.ts';
import {
  containersDoNotArriveOnUplinks,
  interfacesAreListedOnce,
  interfacesExist,
  interfacesHaveNames,
  loopbackIsNoUplink,
  namesAreNotEverything,
} from './interfaces.ts';
import { listenIsAnAddress } from './listen.ts';
import {
  hostRangeIsWideEnough,
  portsAreEnough,
  portsAreRanges,
  portsDoNotOverlap,
  servicesAreServices,
} from './ports.ts';
import type { PolicyRule } from './rule.ts';
import { wordsAreListedOnce } from './words.ts';

/** What a policy must keep beyond its shape; a new rule is one entry here. */
export const RULES: readonly PolicyRule[] = [
  portsAreRanges,
  portsDoNotOverlap,
  servicesAreServices,
  portsAreEnough,
  hostRangeIsWideEnough,
  addressesAreBlocks,
  blocksAreListedOnce,
  exemptionLeavesSomethingFenced,
  interfacesHaveNames,
  interfacesAreListedOnce,
  interfacesExist,
  loopbackIsNoUplink,
  namesAreNotEverything,
  containersDoNotArriveOnUplinks,
  wordsAreListedOnce,
  listenIsAnAddress,
];
