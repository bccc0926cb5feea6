import { Option } from 'commander';
import { EXIT } from '../../errors.ts';
import type { Happening } from '../../report/events.ts';
import { agentLog, LOG_FORMATS, type LogFormat } from '../agent-log.ts';
import type { AddCommand, CommonFlags } from '../context.ts';
import { engineSockets } from '../engine-sockets.ts';
import {
  aclRequestOf,
  DEFAULT_POLICY,
  type PolicyOptions,
  policyFiles,
  policySource,
  withPolicyFlags,
} from '../policy-flags.ts';
import { version } from '../version.ts';

interface Options extends CommonFlags, PolicyOptions {
  readonly netns?: readonly string[];
  readonly log: LogFormat;
}

const collect = (value: string, all: readonly string[] = []): readonly string[] => [...all, value];

/** The agent is loaded only when it is asked for. */
export const agentCommand: AddCommand = (program, context, respond) => {
  withPolicyFlags(program.command('agent'))
    .description('keep the fence true: heal within milliseconds, and give every container the allowed range')
    .option('--docker-host <url>', 'the engine to ask, like unix:///var/run/docker.sock')
    .option('--netns <folder>', 'a folder in which an engine puts network namespaces; may be repeated', collect)
    .addOption(new Option('--log <format>', 'how the agent logs').choices(LOG_FORMATS).default('auto'))
    .action(async (options: Options) => {
      const { system } = context;
      const { keepHeapSmall } = await import('../../system/heap.ts');
      keepHeapSmall();
      const remember = (one: Happening): void => server.happened(one);
      const log = agentLog(system, options.log, { write: context.say, remember });
      const { say } = log;
      const { runAgent } = await import('../../agent/agent.ts');
      const { USUAL_FOLDERS } = await import('../../agent/native/namespace-folders.ts');
      const { systemdSubscriber } = await import('../../agent/systemd.ts');
      const { agentLine } = await import('../../report/agent-status.ts');
      const { openServer } = await import('../../server/open-server.ts');
      const { ownCost } = await import('../../system/own-cost.ts');
      const { onHangup, terminationSignal } = await import('../../system/signals.ts');
      const given = (options.netns ?? []).map((path) => ({ path, kind: 'engine' as const }));
      const systemd = systemdSubscriber(system, agentLine);
      const sockets = engineSockets(system, options.dockerHost);
      const server = openServer(system, {
        ...{ version, cost: ownCost, sockets, say, onLook: log.flows },
        acl: async () => {
          const request = await aclRequestOf(context, options);
          const { aclFitPage } = await import('../acl-fit.ts');
          return (
            request &&
            aclFitPage({ ...context, say: () => {} }, request, { policyFile: options.policy ?? DEFAULT_POLICY })
          );
        },
      });
      const signal = terminationSignal();
      const { followAcl } = await import('../acl-timer.ts');
      await runAgent(system, {
        load: () => policySource({ ...context, say }, options, { applied: false, remember: true }),
        files: () => policyFiles(context, options),
        sockets,
        folders: [...given, ...USUAL_FOLDERS],
        dockerHost: options.dockerHost,
        backend: options.backend,
        say,
        subscribers: [server, log.subscriber, ...(systemd ? [systemd] : [])],
        onSurvey: server.surveyed,
        signal,
        onHangup: (handler) => {
          onHangup(handler);
          void followAcl({ ...context, say }, { options, signal, random: Math.random, onChange: handler });
        },
      });
      respond({ exit: EXIT.fine, json: { ended: true }, text: [] }, false);
    });
};
