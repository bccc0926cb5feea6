import { refusal, script } from '../survey/nft-script.ts';
import type { Finished, System } from '../system/system.ts';

/** Asks nft whether it would take the commands. Throws KERNEL_REFUSED and the like. A yes is no proof: the kernel decides at commit. */
export async function check(system: System, lines: readonly string[]): Promise<void> {
  expectAccepted(await system.run(['nft', '-c', '-f', '-'], { input: script(lines) }), lines);
}

/** Commits the commands in one transaction: all of them or none. Throws KERNEL_REFUSED, NOT_ROOT or TOOL_MISSING. */
export async function commit(system: System, lines: readonly string[]): Promise<void> {
  expectAccepted(await system.run(['nft', '-f', '-'], { input: script(lines) }), lines);
}

function expectAccepted(done: Finished, lines: readonly string[]): void {
  if (done.code !== 0) throw refusal(done, lines);
}
