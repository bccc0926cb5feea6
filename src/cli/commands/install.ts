import { EXIT } from '../../errors.ts';
import { isBlank } from '../../policy/blank.ts';
import type { AddCommand, CommonFlags } from '../context.ts';
import { DEFAULT_POLICY, type PolicyOptions, policySource, withPolicyFlags } from '../policy-flags.ts';
import { addCloudInit } from './install-cloud-init.ts';
import { addKubernetes } from './install-kubernetes.ts';
import { addSwarm } from './install-swarm.ts';
import { ROOT_WORDS, rootOf } from './root-folder.ts';

interface Options extends CommonFlags, PolicyOptions {
  readonly root?: string;
  readonly start: boolean;
  readonly dryRun?: boolean;
}

/** `portfence install`: makes the fence last on this host, in an image, or by user data. */
export const installCommand: AddCommand = (program, context, respond) => {
  const command = program.command('install').description('make the fence last');
  addCloudInit(command, context, respond);
  addKubernetes(command, context, respond);
  addSwarm(command, context, respond);
  withPolicyFlags(command.command('systemd'))
    .description('write units that bring the fence at every boot, before any container, and start them; asks nothing')
    .option('--dry-run', 'print every file instead of writing it')
    .option('--no-start', 'write and enable only: the fence comes with the next boot')
    .option('--root <folder>', ROOT_WORDS, rootOf)
    .option('--docker-host <url>', 'the engine to ask, like unix:///var/run/docker.sock')
    .option('--json', 'one JSON document')
    .action(async (options: Options) => {
      const { system, say } = context;
      const [{ install, previewInstall }, { lastingCommand }, report] = await Promise.all([
        import('../../install/install.ts'),
        import('../../system/own-program.ts'),
        import('../../report/installed.ts'),
      ]);
      const { root } = options;
      const file = root === undefined ? DEFAULT_POLICY : await system.pathIn(root, DEFAULT_POLICY);
      const text = await system.readText(file);
      const isThere = text !== undefined && !isBlank(text);
      const named = isThere && options.policy === undefined ? { ...options, policy: file } : options;
      const args = options.dockerHost ? ['--docker-host', options.dockerHost] : [];
      const whole = {
        policy: await policySource(context, named, { applied: !isThere && root === undefined }),
        root,
        dockerHost: options.dockerHost,
        backend: options.backend,
        agent: { program: lastingCommand(), args },
      };
      const json = options.json ?? false;
      if (options.dryRun) {
        const { files, notes } = await previewInstall(system, whole);
        for (const note of notes) say(`note: ${note}`);
        respond({ exit: EXIT.fine, ...report.filesText(files, root ?? '') }, json);
        return;
      }
      const installed = await install(system, { ...whole, start: options.start, say });
      for (const note of installed.notes) say(`note: ${note}`);
      respond({ exit: EXIT.fine, ...report.installedText(installed) }, json);
    });
};
