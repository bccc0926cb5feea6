import { PortfenceError } from '../errors.ts';
import type { System } from '../system/system.ts';

/** Whether systemd is this host's first process (sd_booted(3)). */
export async function isBooted(system: System): Promise<boolean> {
  return (await system.run(['test', '-d', '/run/systemd/system'])).code === 0;
}

/** Throws TOOL_MISSING without systemctl, SYSTEM with its words where it fails. */
export async function systemctl(system: System, args: readonly string[]): Promise<void> {
  const done = await system.run(['systemctl', '--quiet', ...args], { timeoutMs: 120_000 });
  if (done.code === 0) return;
  if (done.code === 127) throw new PortfenceError('TOOL_MISSING', 'systemctl is missing', { hint: 'install systemd' });
  throw new PortfenceError('SYSTEM', `systemctl ${args.join(' ')} ended with ${done.code}`, {
    detail: (done.stderr || done.stdout).trim(),
    hint: 'journalctl -u portfence -u portfence-agent tells more; `portfence uninstall` takes everything away again',
  });
}
