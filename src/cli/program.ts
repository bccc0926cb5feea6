import { Command, type CommanderError } from 'commander';
import { EXIT, type ExitCode } from '../errors.ts';
import { aclCommand } from './commands/acl.ts';
import { agentCommand } from './commands/agent.ts';
import { applyCommand } from './commands/apply.ts';
import { backgroundCommands } from './commands/background.ts';
import { confirmCommand } from './commands/confirm.ts';
import { dnsCommand } from './commands/dns.ts';
import { explainCommand } from './commands/explain.ts';
import { installCommand } from './commands/install.ts';
import { labCommand } from './commands/lab.ts';
import { planCommand } from './commands/plan.ts';
import { removeCommand } from './commands/remove.ts';
import { statusCommand } from './commands/status.ts';
import { uninstallCommand } from './commands/uninstall.ts';
import { verifyCommand } from './commands/verify.ts';
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

const COMMANDS: readonly AddCommand[] = [
  planCommand,
  applyCommand,
  confirmCommand,
  removeCommand,
  statusCommand,
  verifyCommand,
  explainCommand,
  agentCommand,
  aclCommand,
  dnsCommand,
  installCommand,
  uninstallCommand,
  labCommand,
  backgroundCommands,
];

/** The whole grammar. Wrong usage ends in a CommandLineError with exit code 2, help and version in one with 0. */
export function buildProgram(context: Context, respond: Respond): Command {
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
  for (const add of COMMANDS) add(program, context, respond);
  overrideExits(program);
  return program;
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
