import type { Part } from '../backends/backend.ts';
import { script } from '../backends/nftables/script.ts';
import { PortfenceError } from '../errors.ts';
import type { System } from '../system/system.ts';

/** Asks each program whether it would take its lines. Throws KERNEL_REFUSED and the like. A yes is no proof: the kernel decides at commit. */
export async function check(system: System, parts: readonly Part[]): Promise<void> {
  for (const part of parts) {
    const done = await system.run(part.test, { input: script(part.lines) });
    if (done.code !== 0) throw part.refusal(done);
  }
}

/**
 * Commits the parts in their order, each in one transaction (iptables: one a table): all of it or nothing. Throws
 * KERNEL_REFUSED, NOT_ROOT or TOOL_MISSING, and names the parts that the kernel has taken before.
 */
export async function commit(system: System, parts: readonly Part[]): Promise<void> {
  const taken: string[] = [];
  for (const part of parts) {
    const done = await system.run(part.commit, { input: script(part.lines) });
    if (done.code !== 0) throw afterSome(part.refusal(done), taken);
    taken.push(part.tool);
  }
}

function afterSome(error: PortfenceError, taken: readonly string[]): PortfenceError {
  if (taken.length === 0) return error;
  return new PortfenceError(error.code, `${error.message}, after ${taken.join(', ')} took theirs`, {
    ...(error.detail === undefined ? {} : { detail: error.detail }),
    hint: `${error.hint ?? 'try again'}; \`portfence remove\` removes what is there`,
    cause: error,
  });
}
