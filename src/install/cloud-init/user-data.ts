import { creation, nftTable } from '../../backends/nftables/render.ts';
import { script } from '../../backends/nftables/script.ts';
import { standalone } from '../../backends/nftables/standalone.ts';
import { PortfenceError } from '../../errors.ts';
import { compile } from '../../plan/compile.ts';
import type { Policy } from '../../policy/policy.ts';
import { renderPolicy } from '../../policy/render.ts';
import { ANY_HOST } from '../any-host.ts';
import { POLICY_FILE, RULES_FILE, SERVICES, SYSCTL_FILE, unitFile } from '../paths.ts';
import { fenceUnit, sysctlLines } from '../units.ts';
import type { ExecutableWish } from './executable.ts';
import type { Format } from './limits.ts';
import { cloudConfig, shellScript, type UserDataFile } from './render.ts';
import { type DnsWish, steps } from './steps.ts';

/** What user data is made from; `limit` in bytes. */
export interface UserDataOptions {
  readonly policy: Policy;
  readonly format: Format;
  /** Whether Docker is given the VPC's resolver, and which others; undefined to leave it alone. */
  readonly dns: DnsWish | undefined;
  /** The executable that the instance gets; undefined for rules and unit alone. */
  readonly executable?: ExecutableWish | undefined;
  /** The most bytes that the cloud takes. */
  readonly limit: number;
}

/** User data as a cloud takes it, and what a person should know about it. */
export interface UserData {
  readonly text: string;
  readonly bytes: number;
  /** The files that the instance gets. */
  readonly files: readonly string[];
  readonly notes: readonly string[];
}

/**
 * User data that brings a fresh instance into the fence without Node on it: rules for nft, the unit that loads them at every boot,
 * the host's own port range. Pure. Throws USAGE where it is larger than the limit, or the policy's uplinks would fence nothing there.
 */
export function userData({ policy, format, dns, executable, limit }: UserDataOptions): UserData {
  const plan = compile(policy, ANY_HOST);
  if (plan.uplinks.mode === 'these' && plan.uplinks.names.length === 0)
    throw new PortfenceError(
      'USAGE',
      `the uplinks ${[policy.uplinks].flat().join(', ')} name no interface of a host that is not here yet`,
      {
        hint: "write globs that loopback does not fit, like --uplink 'ens*,eth*', or leave it at auto",
      },
    );
  const settings = plan.settings.length > 0;
  const rules = [
    '# Written by `portfence install cloud-init`; loaded by nft at boot.',
    ...standalone(creation(nftTable(plan))),
  ];
  const files: readonly UserDataFile[] = [
    { path: RULES_FILE, text: script(rules), mode: 0o644, packed: true },
    ...(executable ? [{ path: POLICY_FILE, text: renderPolicy(policy), mode: 0o644, packed: true }] : []),
    ...(settings
      ? [{ path: SYSCTL_FILE, text: script(sysctlLines(plan.settings, 'cloud-init')), mode: 0o644, packed: false }]
      : []),
    { path: unitFile(SERVICES[0]), text: script(fenceUnit()), mode: 0o644, packed: false },
  ];
  // What the first boot downloads has to get its answers too; later boots have the file.
  const early = plan.settings.map(({ key, value }) => [
    ...['cloud-init-per', 'instance', `portfence-${key.split('.').at(-1)}`],
    ...['sysctl', '-q', '-w', `${key}=${value.replaceAll('\t', ' ')}`],
  ]);
  const parts = { files, early, steps: steps({ settings, dns, executable }) };
  const text = script(format === 'shell' ? shellScript(COMMENT, parts) : cloudConfig(COMMENT, parts));
  const bytes = Buffer.byteLength(text);
  if (bytes > limit)
    throw new PortfenceError('USAGE', `the user data is ${bytes} bytes long, and ${limit} are taken`, {
      hint: 'name fewer exempt destinations, or write blocks that hold several of them; --limit BYTES where the cloud takes more than EC2',
    });
  const notes = plan.uplinks.mode === 'all-but' ? [ALL_UPLINKS] : [];
  return { text, bytes, files: files.map(({ path }) => path), notes: [...notes, ...(settings ? [] : [OWN_RANGE])] };
}

const COMMENT = [
  'Written by `portfence install cloud-init`: keeps what leaves this instance inside the allowed source ports.',
  'It can be run again at any time. The rules are packed: base64 -d | gzip -d shows them.',
];
const ALL_UPLINKS =
  "every interface of the instance but loopback and the container networks counts as an uplink (--uplink names others, like 'ens*')";
const OWN_RANGE =
  'the instance keeps its own ip_local_port_range: where nftables is missing, its download may hang on the first boot';
