import { copyFileSync, globSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { parse } from 'yaml';
import { buildDeb } from '../../scripts/release/deb-file.ts';
import { buildExecutables } from '../../scripts/release/executable-file.ts';
import { type Ansible, ansibleFor } from '../support/ansible.ts';
import { BOOT_PATIENCE, type InstalledHost, installedHost, traces } from '../support/installed-host.ts';
import { needs, SYSTEMD } from '../support/needs.ts';

/** A play has some dozen tasks, each of which starts Python on the host. */
vi.setConfig({ testTimeout: 300_000 });

const architecture = process.arch === 'arm64' ? 'arm64' : 'x64';
const root = fileURLToPath(new URL('../../', import.meta.url));
const FOLDER = join(root, 'dist/trial-ansible/');
const ROLE = join(root, 'ansible/roles/portfence');
const POLICY = '/etc/portfence/policy.yaml';
const AGENT = 'portfence-agent.service';
const policy = { portfence_policy: { ports: '49152-61000' } };
const other = { portfence_policy: { ports: ['49152-60000'], guard: 'drop' } };

test("the role's variables are the same in its defaults, its specification and its page", () => {
  const defaults = Object.keys(parse(readFileSync(join(ROLE, 'defaults/main.yml'), 'utf8')));
  const specified = Object.keys(
    parse(readFileSync(join(ROLE, 'meta/argument_specs.yml'), 'utf8')).argument_specs.main.options,
  );
  const rows = [...readFileSync(join(ROLE, 'README.md'), 'utf8').matchAll(/^\| `(portfence_\w+)` \|/gm)];
  expect(specified).toEqual(defaults);
  expect(rows.map(([, name]) => name)).toEqual(defaults);
});

needs(
  ...SYSTEMD,
  'ansible-playbook',
  'dpkg-deb',
  'strip',
)('the Ansible role', () => {
  let place: InstalledHost;
  let ansible: Ansible;
  const sh = async (command: string) => (await place.host.run(['sh', '-c', command])).stdout.trim();
  const isEnforced = async () => (await sh('portfence status')).startsWith('ENFORCED');
  const agentPid = () => place.systemctl('show', '--value', '--property', 'MainPID', AGENT);
  const debOf = (version: string): string => globSync(`${FOLDER}portfence_${version}_*.deb`)[0] ?? '';
  /** Whatever tells one state of the host from another. */
  const state = () =>
    sh(`find /etc /usr /opt/portfence/none -xdev -path '*portfence*' -type f -exec md5sum {} + 2>/dev/null | sort;
      nft --stateless list table inet portfence; cat /proc/sys/net/ipv4/ip_local_port_range; systemctl show --property MainPID ${AGENT}`);
  const unchanged = { changed: 0, failed: 0, changes: [], failures: [] };

  beforeAll(async () => {
    rmSync(FOLDER, { recursive: true, force: true });
    mkdirSync(FOLDER, { recursive: true });
    await buildExecutables([architecture]);
    for (const as of ['0.0.1', '0.0.2']) await buildDeb(architecture, { as, into: FOLDER, fast: true });
    copyFileSync(join(root, `dist/portfence-linux-${architecture}`), `${FOLDER}portfence`);
    place = await installedHost();
    // Ansible asks for the host's whole name, and the lab's name server knows none.
    await sh('echo 127.0.1.1 portfence-lab >>/etc/hosts');
    ansible = await ansibleFor(place.host);
  }, BOOT_PATIENCE);
  afterAll(async () => {
    await ansible?.close();
    await place?.close();
    rmSync(FOLDER, { recursive: true, force: true });
  });

  test('wants a policy, and one source of the program', async () => {
    const before = await state();
    const without = await ansible.play({ portfence_deb: debOf('0.0.1') });
    expect([without.failed, without.failures.join()]).toEqual([1, expect.stringContaining('name the ports')]);
    const strange = await ansible.play({ ...policy, portfence_state: 'gone' });
    expect([strange.failed, strange.failures.join()]).toEqual([1, expect.stringContaining('argument')]);
    expect(await state()).toBe(before);
  });

  test('check mode says what would change on a bare host, and changes nothing', async () => {
    const before = await state();
    const { failed, changed } = await ansible.play({ ...policy, portfence_deb: debOf('0.0.1') }, '--check');
    expect(failed).toBe(0);
    expect(changed).toBeGreaterThan(1);
    expect(await state()).toBe(before);
  });

  test('the first run fences the host by the deb', async () => {
    const { failures, changes } = await ansible.play({ ...policy, portfence_deb: debOf('0.0.1') });
    expect(failures).toEqual([]);
    expect(changes).toEqual(expect.arrayContaining(['Write the policy', 'Make the fence last, and start it']));
    expect(await isEnforced()).toBe(true);
    expect(await place.systemctl('is-enabled', 'portfence.service', AGENT)).toBe('enabled\nenabled');
  });

  test('the second run changes nothing, with and without check mode', async () => {
    const before = await state();
    expect(await ansible.play({ ...policy, portfence_deb: debOf('0.0.1') }, '--check')).toEqual(unchanged);
    expect(await ansible.play({ ...policy, portfence_deb: debOf('0.0.1') })).toEqual(unchanged);
    expect(await state()).toBe(before);
  });

  test('a changed policy is refused where it is wrong, announced in check mode, and then in force', async () => {
    const before = await state();
    const wrong = await ansible.play({
      portfence_policy: { ports: '49152-61000', gard: 'drop' },
      portfence_deb: debOf('0.0.1'),
    });
    expect(wrong.failed).toBe(1);
    expect(wrong.failures.join()).toContain('did you mean guard?');
    expect((await ansible.play({ ...other, portfence_deb: debOf('0.0.1') }, '--check')).changes).toEqual([
      'Write the policy',
    ]);
    expect(await state()).toBe(before);
    const { changes, failures } = await ansible.play({ ...other, portfence_deb: debOf('0.0.1') });
    expect([failures, changes]).toEqual([[], ['Write the policy', 'Make the fence last, and start it']]);
    expect((await place.json('status')).document).toMatchObject({
      enforced: true,
      ports: ['49152-60000'],
      layers: { guard: 'drop' },
    });
    expect(await sh('grep -c 49152-60000 /etc/portfence/fence.nft')).not.toBe('0');
    expect(await ansible.play({ ...other, portfence_deb: debOf('0.0.1') })).toEqual(unchanged);
  });

  test('an agent that was stopped is started, and check mode says so', async () => {
    await place.systemctl('stop', AGENT);
    expect((await ansible.play({ ...other, portfence_deb: debOf('0.0.1') }, '--check')).changes).toEqual([
      'Look what an installation would write',
    ]);
    expect(await agentPid()).toBe('0');
    expect((await ansible.play({ ...other, portfence_deb: debOf('0.0.1') })).changes).toEqual([
      'Make the fence last, and start it',
    ]);
    expect(await agentPid()).not.toBe('0');
  });

  test('an upgrade keeps the policy and the fence, and the agent is the new one', async () => {
    const table = `nft --handle list table inet portfence | sed -n 's/^table.*# handle/handle/p'`;
    const [handle, agent] = [await sh(table), await agentPid()];
    const { changes, failures } = await ansible.play({ ...other, portfence_deb: debOf('0.0.2') });
    expect([failures, changes]).toEqual([[], ['Copy the package', 'Install the package']]);
    expect(await sh(`dpkg-query --show --showformat '\${Version}' portfence`)).toBe('0.0.2');
    expect(await sh(table)).toBe(handle);
    expect(await agentPid()).not.toBe(agent);
    expect(await isEnforced()).toBe(true);
  });

  test('absent leaves nothing of it, and does nothing twice', async () => {
    const before = await state();
    expect((await ansible.play({ portfence_state: 'absent' }, '--check')).changed).toBeGreaterThan(0);
    expect(await state()).toBe(before);
    expect((await ansible.play({ portfence_state: 'absent' })).failures).toEqual([]);
    expect((await traces(place)).filter((trace) => !trace.startsWith('/var/lib/dpkg'))).toEqual([]);
    expect(await ansible.play({ portfence_state: 'absent' })).toEqual(unchanged);
  });

  test('the executable does the same, and the policy stays where it shall', async () => {
    const executable = { ...policy, portfence_executable: `${FOLDER}portfence` };
    expect((await ansible.play(executable)).failures).toEqual([]);
    expect(await isEnforced()).toBe(true);
    expect(await ansible.play(executable)).toEqual(unchanged);
    const agent = await agentPid();
    await sh(
      'printf x >>/usr/local/bin/portfence-copy; cp /usr/local/bin/portfence /root/p && printf x >>/root/p && mv /root/p /usr/local/bin/portfence',
    );
    expect((await ansible.play(executable)).changes).toEqual(['Copy the executable', 'Start the agent anew']);
    expect(await agentPid()).not.toBe(agent);
    expect((await ansible.play({ portfence_state: 'absent', portfence_keep_policy: true })).failures).toEqual([]);
    expect(await sh(`grep -c 49152-61000 ${POLICY}; rm -r /etc/portfence; ls /usr/local/bin | grep -x portfence`)).toBe(
      '1',
    );
    expect((await traces(place)).filter((trace) => !trace.startsWith('/var/lib/dpkg'))).toEqual([]);
  });
});
