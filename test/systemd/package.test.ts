import { createHash } from 'node:crypto';
import { copyFileSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { aptRepository } from '../../scripts/release/apt-repository.ts';
import { buildDeb } from '../../scripts/release/deb-file.ts';
import { buildExecutables } from '../../scripts/release/executable-file.ts';
import { type Signer, trialSigner } from '../../scripts/release/keys.ts';
import { executableWish } from '../../src/install/cloud-init/executable.ts';
import { EC2_LIMIT } from '../../src/install/cloud-init/limits.ts';
import { userData } from '../../src/install/cloud-init/user-data.ts';
import { NODE } from '../../src/lab/systemd-host.ts';
import { PEER } from '../../src/lab/topology.ts';
import { aptSource, KEYRING } from '../../src/packaging/repository.ts';
import { echoServer, holdConnections } from '../support/held-connections.ts';
import { BOOT_PATIENCE, type InstalledHost, installedHost, traces } from '../support/installed-host.ts';
import { needs, SYSTEMD } from '../support/needs.ts';
import { samplePolicy } from '../support/samples.ts';

const architecture = process.arch === 'arm64' ? 'arm64' : 'x64';
const FOLDER = fileURLToPath(new URL('../../dist/trial/', import.meta.url));
/** The same folder, where a lab's host finds the checkout. */
const INSIDE = '/opt/portfence/dist/trial';
const ALONE = [
  ...['-o', 'Dir::Etc::sourcelist=/etc/apt/sources.list.d/portfence.sources', '-o', 'Dir::Etc::sourceparts=-'],
  '--no-install-recommends',
];
const POLICY = '/etc/portfence/policy.yaml';
const AGENT = 'portfence-agent.service';
const ECHO_PORT = 7777;

/** Serves the repository from the host to itself. */
const SERVE = `require('http').createServer((q, a) => require('fs').readFile('${INSIDE}' + q.url, (e, f) => a.writeHead(e ? 404 : 200).end(f))).listen(8099, '127.0.0.1')`;
/** What the tests need of curl, which the host has not: curl -fsSL --retry 5 -o FILE URL. */
const FETCH = `fetch(process.argv.at(-1)).then(async (a) => require('fs').writeFileSync(process.argv.at(-2), Buffer.from(await a.arrayBuffer())))`;

needs(
  'gpg',
  'apt-ftparchive',
  ...SYSTEMD,
  'dpkg-deb',
  'strip',
)('the deb package', () => {
  let place: InstalledHost;
  let signer: Signer;
  const sh = (command: string) => place.host.run(['sh', '-c', command]);
  const dpkg = (...args: string[]) => place.host.run(['dpkg', ...args]);
  /** From the repository alone, which has to be signed. */
  const apt = async (...args: string[]) => {
    await place.host.expect(['apt-get', '-q', 'update', ...ALONE]);
    return place.host.run(['env', 'DEBIAN_FRONTEND=noninteractive', 'apt-get', '-q', '-y', ...ALONE, ...args], {
      timeoutMs: 60_000,
    });
  };
  const publish = async (as: string) => {
    await buildDeb(architecture, { as, into: FOLDER, fast: true });
    await aptRepository(FOLDER, FOLDER, signer);
    await signer.exportKey(`${FOLDER}key.gpg`, 'binary');
  };
  const isThere = async (path: string) => (await place.host.run(['test', '-e', path])).code === 0;
  const status = async () => (await dpkg('--list', 'portfence')).stdout.trim().split('\n').at(-1)?.slice(0, 2);
  const agentPid = () => place.systemctl('show', '--value', '--property', 'MainPID', AGENT);

  beforeAll(async () => {
    rmSync(FOLDER, { recursive: true, force: true });
    mkdirSync(FOLDER, { recursive: true });
    await buildExecutables([architecture]);
    signer = await trialSigner();
    place = await installedHost();
  }, BOOT_PATIENCE);
  afterAll(async () => {
    await place?.close();
    await signer?.close();
    rmSync(FOLDER, { recursive: true, force: true });
  });

  test('changes nothing on the network while its policy is the sample', async () => {
    await publish('0.0.1');
    const keyring = await sh(`install -D ${INSIDE}/key.gpg ${KEYRING.file}`);
    expect(keyring.code, keyring.stderr).toBe(0);
    await sh(`echo '${aptSource('http://127.0.0.1:8099')}' >/etc/apt/sources.list.d/portfence.sources`);
    await place.host.run(['systemd-run', '--unit', 'repository', NODE, '-e', SERVE]);
    await place.host.expect(['bash', '-c', 'until (: >/dev/tcp/127.0.0.1/8099) 2>/dev/null; do :; done']);
    const installed = await apt('install', 'portfence', KEYRING.name);
    expect(installed.code, installed.stderr).toBe(0);
    expect(installed.stdout).toContain('nothing is fenced yet');
    expect(await place.host.expect(['nft', 'list', 'tables'])).not.toContain('portfence');
    expect(await place.host.expect(['cat', '/proc/sys/net/ipv4/ip_local_port_range'])).toBe('32768\t60999');
    await place.host.run(['systemctl', 'start', AGENT]); // A condition holds it back.
    expect(await agentPid()).toBe('0');
    const asked = await sh('portfence apply');
    expect([asked.code, asked.stderr]).toEqual([2, expect.stringContaining('holds comments alone')]);
  });

  test('fences by its own units once the policy names ports', async () => {
    const { code, stderr } = await sh(`sed -i 's/^#ports/ports/' ${POLICY} && portfence install systemd`);
    expect(code, stderr).toBe(0);
    expect(await place.systemctl('show', '--value', '--property', 'FragmentPath', AGENT)).toMatch(/^(?:\/usr)?\/lib\//);
    expect(await isThere(`/etc/systemd/system/${AGENT}`)).toBe(false);
    expect(await place.host.expect(['sh', '-c', 'portfence verify --connections 20 >&2; portfence status'])).toContain(
      'ENFORCED',
    );
  });

  test('an upgrade keeps policy, fence, counters and open connections, and the agent is the new one', async () => {
    await place.serve();
    const server = await echoServer(place.testbed.peer, ECHO_PORT);
    /** A container's ports are mapped; the host's are of the kernel's choice. */
    const origins = [
      { from: await place.host.inContainer('service'), sourcePorts: [20_001, 40_001, 60_001] },
      { from: place.testbed.host, sourcePorts: [0, 0, 0] },
    ];
    const held = await Promise.all(
      origins.flatMap(({ from, sourcePorts }) =>
        (['tcp', 'udp'] as const).map((protocol) =>
          holdConnections(from, { host: PEER.ipv4, port: ECHO_PORT, protocol, sourcePorts }),
        ),
      ),
    );
    const alive = async () => Promise.all(held.map((one) => one.alive()));
    expect(await alive()).toEqual([3, 3, 3, 3]);
    const policy = await place.host.expect(['cat', POLICY]);
    const table = `nft --handle list table inet portfence | sed -n 's/^table.*# handle/handle/p'`;
    const counters = `nft list counters table inet portfence | grep -c 'packets [1-9]'`;
    const [handle, counted, agent] = [(await sh(table)).stdout, (await sh(counters)).stdout, await agentPid()];
    expect(Number(counted)).toBeGreaterThan(0);
    await publish('0.0.2');
    const upgraded = await apt('install', '--only-upgrade', 'portfence');
    expect(upgraded.code, upgraded.stderr).toBe(0);
    expect(await place.host.expect(['cat', POLICY])).toBe(policy);
    expect([(await sh(table)).stdout, (await sh(counters)).stdout]).toEqual([handle, counted]);
    expect(await agentPid()).not.toBe(agent);
    expect(await place.systemctl('is-active', AGENT)).toBe('active');
    expect(await alive()).toEqual([3, 3, 3, 3]);
    for (const one of [...held, server]) await one.close();
    await place.host.expect(['docker', 'rm', '--force', 'service']);
  });

  test('an agent that does not start leaves the package configured', async () => {
    const folder = `/run/systemd/system/${AGENT}.d`;
    await sh(`mkdir -p ${folder} && printf '[Service]\\nExecStart=\\nExecStart=/bin/false\\n' >${folder}/broken.conf`);
    const again = await sh(`dpkg --install ${INSIDE}/portfence_0.0.2_*.deb`);
    expect([again.code, again.stderr]).toEqual([0, expect.stringContaining('the fence stays')]);
    expect(await status()).toBe('ii');
    await sh(`rm -r ${folder} && systemctl daemon-reload && systemctl reset-failed ${AGENT}; systemctl start ${AGENT}`);
  });

  test('the fence is back after a boot', async () => {
    await place.host.powerOff();
    expect(await place.host.boot()).toBe('running');
    // Docker may still be making the rules of its networks; the agent follows them.
    await expect.poll(async () => (await sh('portfence status')).stdout, { timeout: 20_000 }).toContain('ENFORCED');
  });

  test('removing it takes the fence away and keeps the policy; purging it leaves nothing', async () => {
    const removed = await dpkg('--remove', 'portfence');
    expect(removed.code, removed.stderr).toBe(0);
    expect(await place.host.expect(['nft', 'list', 'tables'])).not.toContain('portfence');
    expect(await place.host.expect(['grep', '-c', '^ports:', POLICY])).toBe('1');
    const purged = await dpkg('--purge', 'portfence', KEYRING.name);
    expect(purged.code, purged.stderr).toBe(0);
    await sh('apt-get clean; rm /etc/apt/sources.list.d/portfence.sources');
    expect((await traces(place)).filter((trace) => !trace.startsWith('/var/lib/dpkg'))).toEqual([]);
  });

  test('user data with --from brings the executable that was named, and no other', async () => {
    const executable = `portfence-linux-${architecture}`;
    copyFileSync(`${FOLDER}../${executable}`, `${FOLDER}${executable}`);
    const sum = createHash('sha256').update(readFileSync(`${FOLDER}${executable}`));
    const url = `http://127.0.0.1:8099/${executable}`;
    await place.host.run(['systemd-run', '--unit', 'files', NODE, '-e', SERVE]);
    await place.host.expect(['tee', '/usr/bin/curl'], { input: `#!/bin/sh\nexec ${NODE} -e "${FETCH}" -- "$@"\n` });
    await place.host.expect(['chmod', '755', '/usr/bin/curl']);
    const given = async (sha256: string) => {
      const executableWanted = executableWish(url, sha256);
      const made = { policy: samplePolicy, format: 'shell', dns: undefined, limit: EC2_LIMIT } as const;
      return place.host.run(['sh', '-s'], { input: userData({ ...made, executable: executableWanted }).text });
    };
    const other = await given('0'.repeat(64));
    expect([other.code, other.stderr]).toEqual([1, expect.stringContaining('the fence stands without it')]);
    expect(await isThere('/usr/local/bin/portfence')).toBe(false);
    expect(await place.host.expect(['nft', 'list', 'tables'])).toContain('portfence');
    const named = await given(sum.digest('hex'));
    expect(named.code, named.stderr).toBe(0);
    expect(await place.systemctl('is-active', AGENT)).toBe('active');
    expect((await sh('/usr/local/bin/portfence status')).stdout).toContain('ENFORCED');
    expect((await sh('/usr/local/bin/portfence uninstall')).code).toBe(0);
  });
});
