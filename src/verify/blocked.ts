import { observeBaseChains } from '../observe/base-chains.ts';
import { observeSysctls } from '../observe/sysctls.ts';
import type { Family } from '../ports.ts';
import type { System } from '../system/system.ts';
import type { Origin } from './origin.ts';

export interface Blocked {
  readonly reason: string;
  readonly remedy: string;
}

/** Why nothing that an origin sent came to leave, as far as it can be known. */
export async function whyBlocked(system: System, origin: Origin, family: Family): Promise<Blocked> {
  const [{ ipForward }, { baseChains }] = await Promise.all([observeSysctls(system), observeBaseChains(system)]);
  const key = family === 'ipv4' ? 'net.ipv4.ip_forward' : 'net.ipv6.conf.all.forwarding';
  if (origin.network !== undefined && !ipForward[family]) {
    return { reason: `${key} is 0, so nothing is forwarded`, remedy: `sysctl -w ${key}=1` };
  }
  const hook = origin.network === undefined ? 'output' : 'forward';
  const families = ['inet', family === 'ipv4' ? 'ip' : 'ip6'];
  const refusing = baseChains.find(
    (chain) => chain.hook === hook && chain.policy === 'drop' && families.includes(chain.family),
  );
  const chain = refusing
    ? `the chain ${refusing.family} ${refusing.table} ${refusing.name} has policy drop`
    : `a rule of the ${hook} hook or a route may refuse it`;
  const what = origin.network === undefined ? 'sending' : `forwarding from ${origin.network}`;
  return {
    reason: `${what} is refused before it can leave: ${chain}`,
    remedy:
      origin.network === undefined
        ? 'let it out there, or name a peer that is let out: --to HOST:PORT'
        : `accept what arrives on ${origin.network} there, or name a peer that is let through: --to HOST:PORT`,
  };
}
