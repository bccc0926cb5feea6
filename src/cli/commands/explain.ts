import { EXIT, PortfenceError } from '../../errors.ts';
import { observeHost } from '../../observe/observe-host.ts';
import { compile } from '../../plan/compile.ts';
import type { HostFacts } from '../../plan/facts.ts';
import { parseFlow } from '../../plan/flow-text.ts';
import { type Flow, locate } from '../../plan/locate.ts';
import type { Plan } from '../../plan/plan.ts';
import { walk } from '../../plan/walk.ts';
import { readState, stateFolder } from '../../reconcile/state.ts';
import { savedFacts } from '../../reconcile/survey.ts';
import { explainedText } from '../../report/explained.ts';
import { scrub } from '../../scrub.ts';
import type { AddCommand, CommonFlags } from '../context.ts';
import { type PolicyOptions, policySource, withPolicyFlags } from '../policy-flags.ts';

/** `portfence explain`: walks a virtual packet through the plan. */
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
      if (!packet) throw unlocated(text, flow, { facts, plan });
      respond({ exit: EXIT.fine, ...explainedText(flow, packet, walk(plan, packet)) }, options.json ?? false);
    });
};

/** What has to be added to the flow, by the interfaces that are there. */
function unlocated(text: string, flow: Flow, { facts, plan }: { facts: HostFacts; plan: Plan }): PortfenceError {
  const words = scrub(text.trim());
  const names = facts.links.map(({ name }) => name).filter((name) => name !== 'lo');
  if (locate({ leaves: 'anywhere', ...flow }, facts, plan)) {
    return new PortfenceError('FLOW', `no route leads to ${flow.destination}, and no uplink is known`, {
      hint: `say where it leaves: '${words} out ${names[0] ?? 'eth0'}'`,
    });
  }
  const arriving = names.find((name) => !plan.uplinks.names.includes(name)) ?? 'br-lan';
  return new PortfenceError('FLOW', `${flow.source} is no address of this host, nor in a network that it is part of`, {
    hint: `say where it arrives: '${words} in ${arriving}'`,
  });
}
