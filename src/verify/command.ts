import { PortfenceError } from '../errors.ts';
import { scrubLines } from '../scrub.ts';
import type { Argv, RunOptions, System } from '../system/system.ts';

/** Runs a command that has to work, also while Ctrl-C ends the foreground group. Throws SYSTEM with its own words. */
export async function must(system: Pick<System, 'run'>, argv: Argv, options: RunOptions = {}): Promise<string> {
  const { code, stdout, stderr } = await system.run(argv, { outlastsInterrupt: true, ...options });
  if (code === 0) return stdout;
  throw new PortfenceError('SYSTEM', `\`${argv.join(' ')}\` ended with ${code}`, {
    detail: scrubLines(`${stderr}\n${options.input ?? ''}`),
  });
}

/** Several changes of links and addresses by one `ip -batch`. */
export async function ipBatch(system: Pick<System, 'run'>, lines: readonly string[]): Promise<void> {
  await must(system, ['ip', '-batch', '-'], { input: `${lines.join('\n')}\n` });
}

/** Removes a link; nothing happens where there is none. */
export async function removeLink(system: Pick<System, 'run'>, name: string): Promise<void> {
  const { code } = await system.run(['ip', 'link', 'show', 'dev', name]);
  if (code === 0) await must(system, ['ip', 'link', 'delete', name]);
}
