import { addressesAreBlocks, blocksAreListedOnce, exemptionLeavesSomethingFenced } from './addresses.ts';
import {
  containersDoNotArriveOnUplinks,
  interfacesAreListedOnce,
  interfacesExist,
  interfacesHaveNames,
  loopbackIsNoUplink,
  namesAreNotEverything,
} from './interfaces.ts';
import {
  hostRangeIsWideEnough,
  portsAreEnough,
  portsAreRanges,
  portsDoNotOverlap,
  servicesAreServices,
} from './ports.ts';
import type { Rule } from './rule.ts';
import { wordsAreListedOnce } from './words.ts';

/** Everything that a policy must keep besides its shape. */
export const RULES: readonly Rule[] = [
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
];
