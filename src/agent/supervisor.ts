import type { System } from '../system/system.ts';
import type { AgentReport } from './report.ts';

export interface Supervisor {
  looked(report: AgentReport): Promise<void>;
  stopping(): Promise<void>;
}

/**
 * Tells systemd that the agent is ready and well (sd_notify(3), by systemd-notify: Node has no unix datagrams). The watchdog is
 * fed by looks, so that a loop that hangs is found. Does nothing where no systemd waits for it.
 */
export function supervisor(system: System): Supervisor {
  if (!system.env['NOTIFY_SOCKET']) return { looked: async () => {}, stopping: async () => {} };
  let ready = false;
  const tell = async (...words: readonly string[]): Promise<void> => {
    await system.run(['systemd-notify', ...words], { timeoutMs: 5000 });
  };
  return {
    looked: async ({ native, healed }) => {
      const status = `fence true; ${native.given} containers have the range; mended ${healed} times`;
      await tell(...(ready ? [] : ['--ready']), `--status=${status}`, 'WATCHDOG=1');
      ready = true;
    },
    stopping: () => tell('--stopping'),
  };
}
