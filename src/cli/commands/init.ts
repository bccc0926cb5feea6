import type { Command } from 'commander';
import { EXIT, PortfenceError } from '../../errors.ts';
import { type AddressRow, addressTable } from '../../plan/address-table.ts';
import { isBlank } from '../../policy/blank.ts';
import { renderPolicy } from '../../policy/render.ts';
import { apply } from '../../reconcile/apply.ts';
import { confirm } from '../../reconcile/rollback.ts';
import { readState, stateFolder } from '../../reconcile/state.ts';
import { type PolicySource, type Survey, survey } from '../../reconcile/survey.ts';
import { addressLines } from '../../report/address-table.ts';
import { appliedText } from '../../report/applied.ts';
import { foundLines, planLines } from '../../report/first-plan.ts';
import type { AddCommand, CommonFlags, Context } from '../context.ts';
import { type NamedAcl, namedAcl, policyOfAcl } from '../named-acl.ts';
import { DEFAULT_POLICY, flagsOf, type PolicyOptions, readPolicy, withPolicyFlags } from '../policy-flags.ts';

interface Options extends CommonFlags, PolicyOptions {
  readonly acl?: string;
  readonly subnet?: string;
  readonly yes?: boolean;
}

/** Where the allowed ports come from. */
type PortSource = { readonly ports: string } | { readonly acl: NamedAcl };

/** Seconds in which the first apply has to be kept. */
const CONFIRM_SECONDS = 60;
const MODE = 0o644;
const PORTS_QUESTION = `Which ports does your network let answers back in to?
  a range or several (49152-61000), \`auto\` to ask EC2, or a file of network ACLs: `;

/** `portfence init`: looks at the host, writes a policy, and offers to apply it for a minute. */
export const initCommand: AddCommand = (program, context, respond) => {
  withInitFlags(program.command('init')).action(async (options: Options) => {
    const file = options.policy ?? DEFAULT_POLICY;
    await refuseToOverwrite(context, file);
    const ask = options.yes ? undefined : context.ask;
    if (!ask && !options.yes) {
      throw new PortfenceError('USAGE', 'init asks questions, and there is no terminal to ask them at', {
        hint: 'with --yes the policy is written without a question: portfence init --yes --ports 49152-61000',
      });
    }
    const { survey: made, source, policy } = await firstPolicy(context, { ask, options, file });
    const addresses = addressTable(made.plan, made.facts);
    const [found, plan] = [foundLines(made), planLines(made)];
    for (const line of [...found, '', ...plan, '', ...addressLines(addresses)]) context.say(line);
    const text = renderPolicy(made.policy, {
      remarks: ['Written by `portfence init`, which found here:', ...found.map((line) => `- ${line}`)],
      ...('acl' in source ? { acl: source.acl } : {}),
    });
    if (ask && !(await isYes(ask, `Write the policy to ${file}? [Y/n] `, true)))
      throw new PortfenceError('INTERRUPTED', 'nothing was written');
    await refuseToOverwrite(context, file);
    await context.system.writeText(file, text, MODE);
    const applied = ask ? await offerApply(context, { ask, options, policy, addresses }) : undefined;
    respond(
      {
        exit: EXIT.fine,
        json: {
          file,
          policy: text,
          found,
          plan,
          addresses,
          notes: made.notes,
          applied: applied?.json ?? null,
        },
        text: [`${file} is written`, ...(applied?.text ?? nextSteps(file))],
      },
      options.json ?? false,
    );
  });
};

function withInitFlags(command: Command): Command {
  return withPolicyFlags(command)
    .description(
      'look at this host, write a commented policy, and offer to apply it for a minute; never overwrites one',
    )
    .option('--acl <auto|file>', 'take the ports from a network ACL: ask EC2, or read a file (as `portfence acl` does)')
    .option('--subnet <id>', 'the subnet, where the file does not hold one ACL alone')
    .option('--yes', 'ask nothing: write the policy, and apply nothing')
    .option('--docker-host <url>', 'the engine to ask, like unix:///var/run/docker.sock')
    .option('--json', 'one JSON document');
}

/** A policy whose every line is a comment, as a package brings it, is none. */
async function refuseToOverwrite({ system }: Context, file: string): Promise<void> {
  const there = await system.readText(file);
  if (there === undefined || isBlank(there)) return;
  throw new PortfenceError('USAGE', `there is a policy already: ${file}`, {
    hint: `look at what it does: portfence plan --policy ${file}; or delete it first, or write another: --policy FILE`,
  });
}

interface First {
  readonly source: PortSource;
  readonly policy: PolicySource;
  readonly survey: Survey;
}

async function firstPolicy(
  context: Context,
  { ask, options, file }: { ask: Context['ask']; options: Options; file: string },
): Promise<First> {
  const { system } = context;
  const state = await readState(system, await stateFolder(system));
  const given = givenPorts(options);
  for (;;) {
    const source = given ?? portsOfAnswer(await askPorts(ask), options);
    try {
      const policy = await policyOf(context, { options, file, source });
      const { dockerHost, backend } = options;
      return { source, policy, survey: await survey(system, { policy, state, dockerHost, backend }) };
    } catch (error) {
      const isAnswer = error instanceof PortfenceError && error.exitCode === EXIT.usage;
      if (given || !isAnswer) throw error;
      context.say([error.message, error.hint].filter((part) => part !== undefined).join('\n'));
    }
  }
}

function givenPorts({ ports, acl, subnet }: Options): PortSource | undefined {
  if (ports !== undefined && acl !== undefined)
    throw new PortfenceError('USAGE', '--ports and --acl both name the ports', { hint: 'give one of them' });
  if (acl !== undefined) return { acl: namedAcl(acl, subnet) };
  return ports === undefined ? undefined : { ports };
}

async function askPorts(ask: Context['ask']): Promise<string> {
  if (ask) return ask(PORTS_QUESTION);
  throw new PortfenceError('USAGE', 'the ports that the network lets back in are not given', {
    hint: 'give them: --ports 49152-61000; or let a network ACL tell them: --acl auto (EC2), --acl FILE',
  });
}

function portsOfAnswer(answer: string, { subnet }: Options): PortSource {
  return /^[\d\s,-]*$/.test(answer)
    ? { ports: answer.replaceAll(/\s*([,-])\s*/g, '$1') }
    : { acl: namedAcl(answer, subnet) };
}

function policyOf(
  context: Context,
  { options, file, source }: { options: Options; file: string; source: PortSource },
): Promise<PolicySource> {
  const { ports: _, ...flags } = flagsOf(options);
  if ('ports' in source)
    return readPolicy(context, { flags: { ...flags, ports: source.ports }, file, remember: false });
  return readPolicy(context, { flags, text: policyOfAcl(source.acl), file, remember: false });
}

type Ask = NonNullable<Context['ask']>;

async function isYes(ask: Ask, question: string, unlessSaid: boolean): Promise<boolean> {
  const answer = (await ask(question)).toLowerCase();
  return answer === '' ? unlessSaid : answer === 'y' || answer === 'yes';
}

/** Applies it for a minute where that is wanted; undefined where it is not. */
async function offerApply(
  context: Context,
  {
    ask,
    options,
    policy,
    addresses,
  }: { ask: Ask; options: Options; policy: PolicySource; addresses: readonly AddressRow[] },
): Promise<{ json: unknown; text: readonly string[] } | undefined> {
  const { system, say } = context;
  const question = `Apply it now? It is taken back after ${CONFIRM_SECONDS} s unless you keep it. [y/N] `;
  if (!(await isYes(ask, question, false))) return undefined;
  const { dockerHost, backend } = options;
  const applied = await apply(system, { policy, say, dockerHost, backend, confirmSeconds: CONFIRM_SECONDS });
  const { json, text } = appliedText(applied, addresses);
  if (applied.rollback === undefined) return { json, text };
  for (const line of text) say(line);
  const keeps = await isYes(ask, 'Try what matters to you in another shell (portfence verify). Keep it? [y/N] ', false);
  if (!keeps) return { json, text: ['it is taken back when the time has passed; `portfence apply` applies it again'] };
  await confirm(system, say);
  return { json, text: ['confirmed: the fence stays until the next boot; `portfence install systemd` makes it last'] };
}

function nextSteps(file: string): readonly string[] {
  const flag = file === DEFAULT_POLICY ? '' : ` --policy ${file}`;
  return [
    'next:',
    `  portfence plan${flag}                  what would be sent to the kernel`,
    `  portfence apply${flag} --confirm 60    for a minute, unless you run \`portfence confirm\``,
    `  portfence install systemd${flag}       at every boot, kept by the agent`,
  ];
}
