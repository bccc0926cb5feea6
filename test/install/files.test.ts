import { expect, test } from 'vitest';
import { nftables } from '../../src/backends/nftables/backend.ts';
import { type InstallInput, installFiles, readManifest } from '../../src/install/files.ts';
import { prepareInstall } from '../../src/install/prepare.ts';
import { quoted } from '../../src/install/quoting.ts';
import { uninstall } from '../../src/install/uninstall.ts';
import { agentUnit } from '../../src/install/units.ts';
import { NO_STATE } from '../../src/reconcile/state.ts';
import { sampleFacts, samplePolicy } from '../support/samples.ts';
import { scriptedSystem } from '../support/scripted-system.ts';

const input: InstallInput = {
  policy: samplePolicy,
  facts: sampleFacts,
  state: NO_STATE,
  agent: { program: ['/usr/bin/node', '/usr/lib/portfence/bin/portfence'], args: [] },
  backend: nftables,
  present: { policyText: undefined, manifest: undefined },
};
const fileOf = (path: string, changed: Partial<InstallInput> = {}) =>
  installFiles({ ...input, ...changed }).files.find((file) => file.path === path)?.text;

test.each([
  ['/usr/bin/node', '/usr/bin/node'],
  ['/opt/my tools/node', '"/opt/my tools/node"'],
  ['/opt/100%/$HOME', '/opt/100%%/$$HOME'],
  ['/opt/a"b\\c', '"/opt/a\\"b\\\\c"'],
  ["/opt/it's;here", '"/opt/it\'s;here"'],
])('a unit takes %s literally', (word, written) => {
  expect(quoted(word)).toBe(written);
});

test('the rules that boot know no container of today, and never fence nothing', () => {
  const published = [{ address: '172.17.0.2', protocol: 'tcp', port: 80 }] as const;
  expect(fileOf('/etc/portfence/fence.nft', { facts: { ...sampleFacts, published } })).not.toContain('172.17.0.2');
  expect(fileOf('/etc/portfence/fence.nft')).toContain('oifname "eth0" goto leaving');
  const early = { ...sampleFacts, defaultRouteDevices: [] };
  expect(fileOf('/etc/portfence/fence.nft', { facts: early })).toContain('oifname != "lo" oifname != "azure*"');
});

test('what settings were before the fence is kept, never a value of our own', () => {
  const range = 'net.ipv4.ip_local_port_range';
  const before = (changed: Partial<InstallInput>) =>
    JSON.parse(fileOf('/etc/portfence/state.json', changed) ?? '').before[range];
  expect(before({})).toBe('32768\t60999');
  expect(before({ state: { ...NO_STATE, before: { [range]: '20000\t60999' } } })).toBe('20000\t60999');
  expect(before({ facts: { ...sampleFacts, localPortRange: { from: 49_152, to: 61_000 } } })).toBeUndefined();
});

test('an installation that lies in a home or in a temporary folder stays readable for the agent', () => {
  const unit = (launcher: string) => agentUnit({ program: ['/usr/bin/node', launcher], args: [] });
  expect(unit('/usr/lib/portfence/bin/portfence')).toEqual(
    expect.arrayContaining(['ProtectHome=yes', 'PrivateTmp=yes']),
  );
  expect(unit('/root/portfence/bin/portfence')).toContain('ProtectHome=read-only');
  expect(unit('/tmp/portfence/bin/portfence')).toContain('PrivateTmp=no');
});

test('an agent that asks the cloud or serves on an address has the network for it, any other has none', () => {
  const unit = (usesNetwork: boolean) =>
    agentUnit({ program: ['/usr/bin/node', '/usr/bin/portfence'], args: [], usesNetwork });
  expect(unit(false)).toContain('IPAddressDeny=any');
  expect(unit(true)).not.toContain('IPAddressDeny=any');
  // The programs of iptables-legacy ask the kernel over a socket that sends nothing.
  for (const usesNetwork of [false, true])
    expect(unit(usesNetwork)).toContain('RestrictAddressFamilies=AF_UNIX AF_NETLINK AF_INET AF_INET6');
});

test('ports that an ACL told can be installed, and the policy that asks for them stays', async () => {
  const text = (ports: string) => `version: 1\nports: ${ports}\n`;
  const prepared = (policyText: string) =>
    prepareInstall(scriptedSystem({ files: { '/image/etc/portfence/policy.yaml': policyText } }), {
      ...{ policy: () => samplePolicy, root: '/image', agent: input.agent },
    });
  const { files } = await prepared(text('{ acl: auto }'));
  const unit = files.find(({ path }) => path.endsWith('portfence-agent.service'))?.text;
  expect(unit).not.toContain('IPAddressDeny=any');
  expect(files.map(({ path }) => path)).not.toContain('/etc/portfence/policy.yaml');
  const fromFile = (await prepared(text('{ acl: acls.json, subnet: subnet-1 }'))).files;
  expect(fromFile.find(({ path }) => path.endsWith('portfence-agent.service'))?.text).toContain('IPAddressDeny=any');
  await expect(prepared(text('40000-41999'))).rejects.toThrow(/says otherwise/);
});

test('a policy that was there before, or that somebody has changed, is not taken away', async () => {
  const written = fileOf('/etc/portfence/policy.yaml') ?? '';
  const manifest = fileOf('/etc/portfence/installed.json') ?? '';
  const again = { present: { policyText: written, manifest: readManifest(manifest) } };
  expect(fileOf('/etc/portfence/installed.json', again)).toBe(manifest);
  const changed = { present: { ...again.present, policyText: `${written}\n` } };
  const gone = async (policy: string, text: string | undefined) => {
    const files = { '/img/etc/portfence/policy.yaml': policy, '/img/etc/portfence/installed.json': text ?? '' };
    const system = scriptedSystem({ files });
    await uninstall(system, { root: '/img', keepPolicy: false, now: false, say: () => {} });
    return !system.files.has('/img/etc/portfence/policy.yaml');
  };
  expect(await gone(written, manifest)).toBe(true);
  expect(await gone(`${written}\n`, manifest)).toBe(false);
  expect(await gone(`${written}\n`, fileOf('/etc/portfence/installed.json', changed))).toBe(false);
  expect(await gone(written, undefined)).toBe(false);
});
