import { EXIT } from '../../errors.ts';
import type { AddCommand, CommonFlags } from '../context.ts';
import { engineSockets } from '../engine-sockets.ts';
import { type PolicyOptions, policyFiles, policySource, withPolicyFlags } from '../policy-flags.ts';

interface Options extends CommonFlags, PolicyOptions {
  readonly netns?: readonly string[];
}

const collect = (value: string, all: readonly string[] = []): readonly string[] => [...all, value];

/** The agent is loaded only when it is asked for. */
export const agentCommand: AddCommand = (program, context, respond) => {
  withPolicyFlags(program.command('agent'))
    .description('keep the fence true: heal within milliseconds, and give every container the allowed range')
    .option('--docker-host <url>', 'the engine to ask, like unix:///var/run/docker.sock')
    .option('--netns <folder>', 'a folder in which an engine puts network namespaces; may be repeated', collect)
    .action(async (options: Options) => {
      const { system, say } = context;
      const { runAgent } = await import('../../agent/agent.ts');
      const { forgetReport } = await import('../../agent/report.ts');
      const { USUAL_FOLDERS } = await import('../../agent/native/owned.ts');
      const { supervisor } = await import('../../agent/supervisor.ts');
      const { onHangup, untilEnded } = await import('../../system/hangup.ts');
      const given = (options.netns ?? []).map((path) => ({ path, kind: 'engine' as const }));
      const told = supervisor(system);
      await runAgent(system, {
        load: () => policySource(context, options, { applied: false, remember: true }),
        files: await policyFiles(context, options),
        sockets: engineSockets(system, options.dockerHost),
        folders: [...given, ...USUAL_FOLDERS],
        dockerHost: options.dockerHost,
        backend: options.backend,
        say,
        onLook: told.looked,
        signal: untilEnded(),
        onHangup,
      });
      await told.stopping();
      await forgetReport(system);
      respond({ exit: EXIT.fine, json: { ended: true }, text: [] }, false);
    });
};
