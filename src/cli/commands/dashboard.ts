import { InvalidArgumentError } from 'commander';
import { EXIT, PortfenceError } from '../../errors.ts';
import { readAgentStatus } from '../../reconcile/agent-status-file.ts';
import { agentSocket } from '../../reconcile/state.ts';
import { terminationSignal } from '../../system/signals.ts';
import type { AddCommand } from '../context.ts';

const USUAL_PORT = 9470;

export const dashboardCommand: AddCommand = (program, context, respond) => {
  program
    .command('dashboard')
    .description("open a way to the agent's page: a port of 127.0.0.1, until Ctrl-C")
    .option('--port <number>', 'the port; 0 takes a free one', readPort, USUAL_PORT)
    .action(async ({ port }: { readonly port: number }) => {
      const { system, say } = context;
      if (!(await readAgentStatus(system)))
        throw new PortfenceError('SYSTEM', 'no agent runs here, and its page is served by it', {
          hint: 'start it: portfence install systemd, or portfence agent',
        });
      const ended = terminationSignal();
      const way = await system.forwardLoopback(await agentSocket(system), port);
      say(`http://127.0.0.1:${way.port}/  (Ctrl-C ends it)`);
      say(`from elsewhere: ssh -L ${way.port}:127.0.0.1:${way.port} THIS-HOST`);
      while (!ended.aborted) await system.sleep(3_600_000, ended);
      await way.close();
      respond({ exit: EXIT.fine, json: {}, text: [] }, false);
    });
};

function readPort(text: string): number {
  const port = Number(text);
  if (!Number.isInteger(port) || port < 0 || port > 65_535) throw new InvalidArgumentError('a port is expected, or 0');
  return port;
}
