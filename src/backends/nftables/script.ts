import { PortfenceError } from '../../errors.ts';
import { scrub } from '../../scrub.ts';
import { isMissingProgram } from '../../system/errno.ts';
import type { CommandResult } from '../../system/system.ts';
import { outOfTime } from '../out-of-time.ts';

/** One text for a program's standard input; the only place that joins its lines. */
export function script(lines: readonly string[]): string {
  return lines.length === 0 ? '' : `${lines.join('\n')}\n`;
}

/** Why nft refused, in its own words as one line: `Could not process rule: Protocol error`. */
export function nftWords({ code, stderr }: CommandResult): string {
  const lines = stderr.split('\n').map((line) => scrub(line).trim());
  const told = lines.find((line) => line.includes('Error: ')) ?? lines.find((line) => line !== '');
  return told?.replace(/^.*?Error: /, '') ?? `nft ended with ${code}`;
}

/** Our commands with line numbers beside nft's own words, and what to do about it. */
export function refusal(done: CommandResult, lines: readonly string[]): PortfenceError {
  const words = done.stderr.trim();
  const late = outOfTime('nft', done);
  if (late) return late;
  if (isMissingProgram(done)) {
    return new PortfenceError('TOOL_MISSING', 'nft is missing', {
      hint: 'install the package nftables',
      detail: words,
    });
  }
  if (/Operation not permitted/.test(words)) {
    return new PortfenceError('NOT_ROOT', 'the kernel does not let this process change its rules (EPERM)', {
      hint: 'run it as root, or with CAP_NET_ADMIN in the network namespace that is meant',
      detail: words,
    });
  }
  return new PortfenceError('KERNEL_REFUSED', 'the kernel refused the rules; nothing was changed', {
    detail: `${beside(lines, words)}\n\nnft said:\n${words}`,
    hint: hintFor(words),
  });
}

/** The lines that a message points at (nft: `/dev/stdin:12:5-9: Error`; iptables: `line 12 failed`), with two lines around each. */
export function beside(lines: readonly string[], words: string): string {
  const named = new Set(
    [...words.matchAll(/(?:stdin|\/dev\/stdin|<cmdline>|-):(\d+):|\bline:? (\d+)/g)].map((match) =>
      Number(match[1] ?? match[2]),
    ),
  );
  const width = String(lines.length).length;
  const near = (n: number) => named.size === 0 || [...named].some((at) => Math.abs(at - n) <= 2);
  return lines
    .map((line, i) => ({ n: i + 1, line }))
    .filter(({ n }) => near(n))
    .map(({ n, line }) => `${named.has(n) ? '>' : ' '} ${String(n).padStart(width)}  ${line}`)
    .join('\n');
}

function hintFor(words: string): string {
  if (/Could not process rule: No such file or directory/.test(words)) {
    return 'a kernel module may be missing (nf_tables, nft_chain_nat, nft_fib_inet, nft_masq), or the rules changed meanwhile: try again';
  }
  return '`--backend iptables` needs none of these rules; if it should not be needed here, please report the lines above';
}
