import type { AgentStatus } from '../reconcile/agent-status.ts';
import type { System } from '../system/system.ts';
import type { StatusSubscriber } from './status-feed.ts';

/** States in which the agent does what it is there for; a start that only fails is no start. */
const READY: readonly AgentStatus['state'][] = ['inSync', 'pending', 'removed'];

/**
 * Notifies systemd (sd_notify(3), by systemd-notify(1): Node has no unix datagrams). READY=1 comes when the kernel was read
 * back as planned, or the fence is not the agent's to change. Each look feeds the watchdog, so that a loop that hangs is
 * found. Undefined where no systemd waits for it.
 */
export function systemdSubscriber(system: System, line: (status: AgentStatus) => string): StatusSubscriber | undefined {
  if (!system.env['NOTIFY_SOCKET']) return undefined;
  let ready = false;
  let checkedAt: number | null = null;
  const notify = async (...words: readonly string[]): Promise<void> => {
    await system.run(['systemd-notify', ...words], { timeoutMs: 5000 });
  };
  return {
    name: 'systemd',
    publish: async (status) => {
      const isReady = !ready && READY.includes(status.state);
      const looked = status.checkedAt !== checkedAt;
      checkedAt = status.checkedAt;
      ready ||= isReady;
      await notify(...(isReady ? ['--ready'] : []), `--status=${line(status)}`, ...(looked ? ['WATCHDOG=1'] : []));
    },
    end: () => notify('--stopping'),
  };
}
