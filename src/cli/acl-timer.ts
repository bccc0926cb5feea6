import { aclPortsChanged } from './acl-ports.ts';
import type { Context } from './context.ts';
import { aclRequestOf, DEFAULT_POLICY, type PolicyOptions } from './policy-flags.ts';

const MINUTE_MS = 60_000;
/** Hosts that started together must not ask EC2 together: each wait is up to a tenth shorter or longer. */
const JITTER = 0.1;
/** How often the policy is read for the day on which it asks a network ACL. */
const IDLE_MINUTES = 15;

export interface AclTimer {
  readonly options: PolicyOptions;
  readonly signal: AbortSignal;
  /** From 0 to 1, for each wait. */
  readonly random: () => number;
  readonly onChange: () => void;
}

/**
 * Asks the network ACL that the policy names again and again (`ports.everyMinutes`), and tells when it recommends another range.
 * Ends when the signal fires.
 */
export async function followAcl(context: Context, { options, signal, random, onChange }: AclTimer): Promise<void> {
  while (!signal.aborted) {
    const request = await aclRequestOf(context, options).catch(() => undefined);
    const minutes = request?.everyMinutes || IDLE_MINUTES;
    await context.system.sleep(Math.round(minutes * MINUTE_MS * (1 - JITTER + 2 * JITTER * random())), signal);
    if (signal.aborted) return;
    const asked = await aclRequestOf(context, options).catch(() => undefined);
    if (!asked || asked.everyMinutes === 0) continue;
    const policyFile = options.policy ?? DEFAULT_POLICY;
    if (await aclPortsChanged(context, { request: asked, policyFile })) {
      context.say('the network ACL lets another range back in: the policy is read anew');
      onChange();
    }
  }
}
