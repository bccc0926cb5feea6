import { PortfenceError } from '../errors.ts';
import { scrubLines } from '../scrub.ts';
import { isMissingProgram } from '../system/errno.ts';
import type { Argv, CommandResult, System } from '../system/system.ts';

const PACKAGES: Readonly<Record<string, string>> = {
  nft: 'nftables',
  ip: 'iproute2',
  conntrack: 'conntrack',
  'iptables-legacy': 'iptables',
  'ip6tables-legacy': 'iptables',
  'iptables-nft-save': 'iptables',
  'ip6tables-nft-save': 'iptables',
  'iptables-legacy-save': 'iptables',
  'ip6tables-legacy-save': 'iptables',
};

/** What a command prints. Throws what `refused` makes of it where the command fails. */
export async function ask(system: System, argv: Argv): Promise<string> {
  const done = await system.run(argv);
  if (done.code !== 0) throw refused(argv, done);
  return done.stdout;
}

/** A failed command as an error: TOOL_MISSING with its package, NOT_ROOT for a lack of rights, else SYSTEM with its words. */
export function refused(argv: Argv, done: CommandResult): PortfenceError {
  const { code, stderr } = done;
  const [tool] = argv;
  const detail = scrubLines(stderr);
  if (isMissingProgram(done)) return missing(tool, detail);
  if (code !== 126 && /Operation not permitted|Permission denied|must be root/i.test(stderr)) {
    const hint = 'run it as root, or with CAP_NET_ADMIN in the network namespace that is meant';
    return new PortfenceError('NOT_ROOT', `${tool} may not ask the kernel (EPERM)`, { hint, detail });
  }
  return new PortfenceError('SYSTEM', `\`${argv.join(' ')}\` ended with ${code}`, { detail });
}

/** TOOL_MISSING with the package that brings the program. */
export function missing(tool: string, detail?: string): PortfenceError {
  const hint = `install the package ${PACKAGES[tool] ?? tool}`;
  return new PortfenceError('TOOL_MISSING', `${tool} is missing`, {
    hint,
    ...(detail === undefined ? {} : { detail }),
  });
}

/** Undefined where the program does not exist: then it knows nothing. Any other failure is thrown. */
export async function unlessMissing<T>(work: Promise<T>): Promise<T | undefined> {
  try {
    return await work;
  } catch (error) {
    if (error instanceof PortfenceError && error.code === 'TOOL_MISSING') return undefined;
    throw error;
  }
}
