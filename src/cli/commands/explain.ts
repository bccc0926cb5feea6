import { EXIT, PortfenceError } from '../../errors.ts';
import { observeHost } from '../../observe/observe-host.ts';
import { compile } from '../../plan/compile.ts';
import { parseFlow } from '../../plan/flow-text.ts';
import { locate } from '../../plan/locate.ts';
import { walk } from '../../plan/walk.ts';
import { explainedText } from '../../report/explained.ts';
import { readState, stateFolder } from '../../survey/state.ts';
import { savedFacts } from '../../survey/survey.ts';
import type { AddCommand, CommonFlags } from '../context.ts';
import { type PolicyOptions, policySource, withPolicyFlags } from '../policy-flags.ts';

export const explainCommand: AddCommand = (program, context, respond) => {
  withPolicyFlags(program.command('explain <flow>'))
    .description("walk a virtual packet through the plan: 'tcp 172.18.0.5:40001 > 203.0.113.10:443'")
    .option('--docker-host <url>', 'the engine to ask, like unix:///var/run/docker.sock')
    .option('--json', 'one JSON document')
    .action(async (text: string, options: CommonFlags & PolicyOptions) => {
      const flow = parseFlow(text);
      const policy = await policySource(context, options, { applied: true });
      const state = await readState(context.system, await stateFolder(context.system));
      const saved = savedFacts(state);
      const { facts } = await observeHost(context.system, { dockerHost: options.dockerHost, saved });
      const plan = compile(policy(facts.links.map((link) => link.name)), facts);
      const packet = locate(flow, facts, plan);
      if (!packet) {
        throw new PortfenceError(
          'FLOW',
          `${flow.source} is no address of this host, nor in a network that it is part of`,
          {
            hint: `say where it arrives: '${text} in br-lan'`,
          },
        );
      }
      respond({ exit: EXIT.fine, ...explainedText(flow, packet, walk(plan, packet)) }, options.json ?? false);
    });
};
