import { Command, type CommanderError } from 'commander';
import { EXIT, type ExitCode } from '../errors.ts';
import type { AddCommand, Context, Respond } from './context.ts';
import { version } from './version.ts';

/** Commander has said what was wrong already; this carries the exit code out. */
export class CommandLineError extends Error {
  readonly exit: ExitCode;
  constructor(exit: ExitCode) {
    super('command line');
    this.exit = exit;
  }
}

/** In the order of the help. A command loads what it needs, and no other command's: it starts in half the time. */
const COMMANDS: Readonly<Record<string, () => Promise<AddCommand>>> = {
  init: async () => (await import('./commands/init.ts')).initCommand,
  plan: async () => (await import('./commands/plan.ts')).planCommand,
  apply: async () => (await import('./commands/apply.ts')).applyCommand,
  confirm: async () => (await import('./commands/confirm.ts')).confirmCommand,
  remove: async () => (await import('./commands/remove.ts')).removeCommand,
  status: async () => (await import('./commands/status.ts')).statusCommand,
  verify: async () => (await import('./commands/verify.ts')).verifyCommand,
  explain: async () => (await import('./commands/explain.ts')).explainCommand,
  doctor: async () => (await import('./commands/doctor.ts')).doctorCommand,
  agent: async () => (await import('./commands/agent.ts')).agentCommand,
  top: async () => (await import('./commands/top.ts')).topCommand,
  flows: async () => (await import('./commands/flows.ts')).flowsCommand,
  why: async () => (await import('./commands/why.ts')).whyCommand,
  report: async () => (await import('./commands/report.ts')).reportCommand,
  dashboard: async () => (await import('./commands/dashboard.ts')).dashboardCommand,
  fleet: async () => (await import('./commands/fleet.ts')).fleetCommand,
  acl: async () => (await import('./commands/acl.ts')).aclCommand,
  dns: async () => (await import('./commands/dns.ts')).dnsCommand,
  native: async () => (await import('./commands/native.ts')).nativeCommand,
  install: async () => (await import('./commands/install.ts')).installCommand,
  uninstall: async () => (await import('./commands/uninstall.ts')).uninstallCommand,
  lab: async () => (await import('./commands/lab.ts')).labCommand,
  background: async () => (await import('./commands/background.ts')).backgroundCommands,
};
const VERSION = ['-V', '--version'];

/**
 * The grammar: of the command that the first word names, else the whole. Wrong usage ends in a CommandLineError with exit code 2, help and version in one
 * with 0.
 */
export async function buildProgram(context: Context, respond: Respond, first = ''): Promise<Command> {
  const program = new Command('portfence')
    .description(
      'Keeps every connection that leaves a container host inside the source ports that the network lets back in.',
    )
    .version(version)
    .showSuggestionAfterError()
    .showHelpAfterError('(portfence --help lists the commands)')
    .addHelpText(
      'after',
      '\nA first try, no file needed:  portfence plan --ports 49152-61000\nExit codes: 0 fine, 1 the answer is no, 2 wrong usage or policy, 3 the system refused.',
    )
    .exitOverride(throwUsage);
  for (const load of commandsFor(first)) (await load())(program, context, respond);
  overrideExits(program);
  return program;
}

function commandsFor(first: string): readonly (() => Promise<AddCommand>)[] {
  if (VERSION.includes(first)) return [];
  const only = Object.hasOwn(COMMANDS, first) ? COMMANDS[first] : undefined;
  return only ? [only] : Object.values(COMMANDS);
}

function overrideExits(command: Command): void {
  for (const child of command.commands) {
    child.exitOverride(throwUsage);
    overrideExits(child);
  }
}

function throwUsage(error: CommanderError): never {
  throw new CommandLineError(error.exitCode === 0 ? EXIT.fine : EXIT.usage);
}
