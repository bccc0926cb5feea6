import { PortfenceError } from '../../errors.ts';
import { ask } from '../../observe/ask.ts';
import { variantOf } from '../../observe/saved-rules.ts';
import { FAMILIES } from '../../ports.ts';
import { isMissingProgram } from '../../system/errno.ts';
import type { CommandResult, System } from '../../system/system.ts';
import type { Backend, Part } from '../backend.ts';
import type { FenceListing } from '../listing.ts';
import { beside, script } from '../nftables/script.ts';
import { outOfTime } from '../out-of-time.ts';
import { sections } from './creation.ts';
import { arePassingRulesOutdated, iptablesDrift, presentTables, undisturbed } from './drift.ts';
import { type IptablesTraits, iptablesLimits } from './limits.ts';
import { iptablesFence, observeIptables } from './listing.ts';
import { creation, iptablesTables, restoreArguments, toolName } from './render.ts';
import type { Variant } from './rules.ts';
import { readSave } from './save.ts';
import { containerSources } from './sources.ts';
import { deletion, drainCreation, replacement } from './transaction.ts';

/** Chains of our own in iptables' tables, entered first of all at postrouting. */
export function iptables({ variant, seesArrival, families }: IptablesTraits): Backend {
  const observe = (system: System) => observeIptables(system, variant, families);
  return {
    id: `iptables-${variant}`,
    observe,
    creation: (plan, facts) => {
      const arrival = seesArrival
        ? ({ by: 'interface' } as const)
        : ({ by: 'source', containers: containerSources(plan, facts) } as const);
      const tables = iptablesTables(plan, arrival).filter(({ family }) => families.includes(family));
      return creation(tables, variant);
    },
    wanted: (system, lines) => listingIn(system, lines),
    drift: iptablesDrift,
    isOutdated: arePassingRulesOutdated,
    replacement: (lines, present, wanted) => replacement(lines, presentTables(present, wanted), variant),
    repair: async (system, lines) => {
      const present = await observe(system);
      return replacement(lines, presentTables(present, present && undisturbed(present, lines)), variant);
    },
    deletion: (present) => deletion(presentTables(present), variant),
    draining: (present) => {
      const there = presentTables(present);
      const mapped = FAMILIES.filter((family) => there.some((one) => one.family === family && one.table === 'nat'));
      return replacement(drainCreation(mapped, variant), there, variant);
    },
    parts: (lines) => partsOf(lines),
    layers: (present) => {
      const has = (end: string) => present?.chains.some(({ name }) => name.endsWith(end)) ?? false;
      return { confine: has(' nat PORTFENCE-host'), guard: has(' mangle PORTFENCE-guard-host') };
    },
    ownsNat: (chain, present) => {
      const family = chain.family === 'ip' ? 'ipv4' : chain.family === 'ip6' ? 'ipv6' : undefined;
      if (!family || chain.table !== tableOf(variant)) return false;
      return !present.foreignNat?.includes(family);
    },
    comesAfter: (chain) => chain.table !== tableOf(variant) && chain.priority <= SRCNAT,
    limits: (plan) => iptablesLimits(plan, { variant, seesArrival, families }),
  };
}

/** Where everybody's iptables rules map sources (NF_IP_PRI_NAT_SRC). */
const SRCNAT = 100;

/** The name that iptables-legacy's nat table goes by in lists of chains, where nft does not tell it. */
export const LEGACY_TABLE = 'nat (iptables-legacy)';
const tableOf = (variant: Variant): string => (variant === 'nft' ? 'nat' : LEGACY_TABLE);

function partsOf(lines: readonly string[]): readonly Part[] {
  return sections(lines).map(({ family, variant, lines: own }) => {
    const tool = toolName(family, variant, 'restore');
    return {
      tool,
      commit: [tool, ...restoreArguments],
      test: [tool, '--test', ...restoreArguments],
      lines: own,
      refusal: (done) => iptablesRefusal(tool, done, own),
    };
  });
}

/** A constant: loads what comes on standard input with the first program, then lists it with the second. */
const LOAD_AND_LIST = 'tool=$1; list=$2; shift 2; "$tool" "$@" && "$list" -c';

async function listingIn(system: System, lines: readonly string[]): Promise<FenceListing> {
  const saved = await Promise.all(
    sections(lines).map(async ({ family, variant, lines: own }) => {
      const [restore, save] = [toolName(family, variant, 'restore'), toolName(family, variant, 'save')];
      const done = await system.run(
        ['unshare', '--net', 'sh', '-c', LOAD_AND_LIST, 'sh', restore, save, ...restoreArguments],
        { input: script(own) },
      );
      if (done.code !== 0) {
        throw iptablesRefusal(restore, /not found/.test(done.stderr) ? { ...done, code: 127 } : done, own);
      }
      return { family, tables: readSave(done.stdout) };
    }),
  );
  return iptablesFence(saved) ?? { chains: [], sets: [], counters: [], others: [] };
}

function iptablesRefusal(tool: string, done: CommandResult, lines: readonly string[]): PortfenceError {
  const words = done.stderr.trim();
  const late = outOfTime(tool, done);
  if (late) return late;
  if (isMissingProgram(done)) {
    return new PortfenceError('TOOL_MISSING', `${tool} is missing`, {
      hint: tool.startsWith('ip6')
        ? 'install the package iptables (some systems have ip6tables apart), or leave IPv6 unfenced: families: [ipv4] in the policy'
        : 'install the package iptables',
      detail: words,
    });
  }
  if (/^unshare:/m.test(words)) {
    return new PortfenceError('SYSTEM', `can't make a network namespace to try the rules in: ${words}`, {
      hint: 'portfence needs CAP_SYS_ADMIN (root) for it',
    });
  }
  if (/Permission denied|Operation not permitted/.test(words)) {
    return new PortfenceError('NOT_ROOT', 'the kernel does not let this process change its rules (EPERM)', {
      hint: 'run it as root, or with CAP_NET_ADMIN in the network namespace that is meant',
      detail: words,
    });
  }
  return new PortfenceError('KERNEL_REFUSED', `${tool} did not take the rules`, {
    detail: `${beside(lines, words)}\n\n${tool} said:\n${words}`,
    hint: hintFor(words),
  });
}

function hintFor(words: string): string {
  if (/incompatible/.test(words)) {
    return "somebody's nft rules in iptables' own tables can't be read by iptables: `--backend nftables` needs none of them";
  }
  if (/No chain\/target\/match|Couldn't load|can't initialize/i.test(words)) {
    return 'a kernel module may be missing (xt_comment, xt_conntrack, xt_addrtype, xt_owner, xt_multiport, xt_nat, xt_MASQUERADE)';
  }
  return 'the rules may have changed meanwhile: try again';
}

/** Whether the host's own `iptables` is the one or the other, by its version line (iptables 1.8 and newer tell). */
export async function ownVariant(system: System): Promise<Variant> {
  return variantOf(await ask(system, ['iptables', '--version']));
}
