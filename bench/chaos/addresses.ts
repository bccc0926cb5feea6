import { mirrorAddress } from '../../src/lab/topology.ts';
import { FAMILIES } from '../../src/ports.ts';

/** Who opens connections to an address of the peer, and how their source ports come about. */
export interface Caller {
  readonly origin: string;
  /** `bound`: a program binds a port, which may lie out of range. `kernel`: an allowed port unless the fence made a mistake. */
  readonly chosen: 'kernel' | 'bound';
}

/** Gives each caller addresses of its own, so that the destination of each packet that reaches the peer's side names its sender. */
export interface AddressBook {
  /** So many new addresses. Throws RangeError where the peer has no more. */
  take(count: number, caller: Caller): readonly { readonly ipv4: string; readonly ipv6: string }[];
  callerOf(address: string): Caller | undefined;
}

/** Gives out the peer's mirrors, each once. */
export function addressBook(mirrors: number): AddressBook {
  const callers = new Map<string, Caller>();
  let given = 0;
  return {
    take: (count, caller) => {
      if (given + count > mirrors) throw new RangeError(`the peer has no more than ${mirrors} addresses`);
      const taken = Array.from({ length: count }, (_, index) => mirrorAddress(given + index));
      given += count;
      for (const address of taken) for (const family of FAMILIES) callers.set(address[family], caller);
      return taken;
    },
    callerOf: (address) => callers.get(address),
  };
}
