import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { follow } from '../../src/nat/follow.ts';
import { type BaseChain, ruleName, type StandingNat } from '../../src/nat/model.ts';
import type { NatProgram } from '../../src/nat/program.ts';
import { FAMILIES } from '../../src/ports.ts';
import { programText } from './program-text.ts';

/**
 * Rules as platforms make them: NAME.save in the words of iptables-save, NAME.nft for nft with NAME.json, its `nft -j list ruleset`
 * (nft 1.0.6). NAME.program is what follows from them.
 */
export const PLATFORMS = fileURLToPath(new URL('./platforms/', import.meta.url));

export const platformFiles = (ending: string): readonly string[] =>
  readdirSync(PLATFORMS).filter((name) => name.endsWith(ending));

export const platformText = (name: string): string => readFileSync(`${PLATFORMS}${name}`, 'utf8');

/** Which chains are asked, what they decide, and the rules that can't be followed. */
export function standingText(standing: StandingNat): string {
  const families = FAMILIES.filter((family) => standing[family].length > 0);
  const blocks = families.map((family) => {
    const program = follow(standing[family]);
    return [`${family}: ${standing[family].map(chainText).join(', ')}`, programText(program), ...unfollowed(program)];
  });
  return `${blocks.flat().join('\n')}\n`;
}

const chainText = ({ backend, table, name, priority }: BaseChain): string =>
  `${backend === 'nftables' ? '' : 'iptables '}${table} ${name} ${priority}`;

function unfollowed({ chains }: NatProgram): readonly string[] {
  const names = [...chains.values()].flat().flatMap(({ verdict }) => {
    if (verdict.do !== 'decide' || verdict.decision.do !== 'unfollowed') return [];
    return [`not followed: ${ruleName({ ...verdict.decision.by, backend: 'nftables' })}`];
  });
  return [...new Set(names)];
}
