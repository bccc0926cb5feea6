import type { System } from '../system/system.ts';

/**
 * A moment in the future. `boot` says it in the clock that counts from the start of the kernel, which a change of the
 * host's clock does not move; `deadline` (ms since the epoch) is for people, and for states that older versions wrote.
 */
export interface Deadline {
  readonly deadline: number;
  readonly boot?: { readonly id: string; readonly deadline: number };
}

/** Which start of the kernel this is (random(4)); undefined where the kernel does not say. */
async function bootId(system: System): Promise<string | undefined> {
  return (await system.readText('/proc/sys/kernel/random/boot_id').catch(() => undefined))?.trim();
}

/** The moment in so many milliseconds. */
export async function deadlineIn(system: System, ms: number): Promise<Deadline> {
  const id = await bootId(system);
  const deadline = system.now() + ms;
  return id === undefined ? { deadline } : { deadline, boot: { id, deadline: system.bootMs() + ms } };
}

/** Milliseconds until then, none or less where it has passed; a moment that was set before a reboot has passed. */
export async function msUntil(system: System, { deadline, boot }: Deadline): Promise<number> {
  const id = boot && (await bootId(system));
  if (!boot || id === undefined) return deadline - system.now();
  return boot.id === id ? boot.deadline - system.bootMs() : 0;
}
