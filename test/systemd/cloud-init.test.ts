import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { parse } from 'yaml';
import { EC2_LIMIT, type Format } from '../../src/install/cloud-init/limits.ts';
import { userData } from '../../src/install/cloud-init/user-data.ts';
import { hasPort } from '../../src/ports.ts';
import { seenFrom, seenText } from '../support/fenced-testbed.ts';
import { BOOT_PATIENCE, type InstalledHost, installedHost, traces } from '../support/installed-host.ts';
import { needs, SYSTEMD } from '../support/needs.ts';
import { samplePolicy } from '../support/samples.ts';

const FILES = ['/etc/portfence/fence.nft', '/etc/sysctl.d/60-portfence.conf', '/etc/systemd/system/portfence.service'];

needs(...SYSTEMD)('an instance that was given user data', () => {
  let place: InstalledHost;
  let round = 0;
  const text = (format: Format) => userData({ policy: samplePolicy, format, dns: undefined, limit: EC2_LIMIT }).text;
  const expectOn = (...argv: [string, ...string[]]) => place.host.expect(argv);

  beforeAll(async () => {
    place = await installedHost();
    await place.serve();
  }, BOOT_PATIENCE);
  afterAll(() => place?.close());

  /** What cloud-init does with the parts that this user data has (its documentation, "Module reference"). */
  const asCloudInit = async (config: string) => {
    const { bootcmd, write_files, runcmd } = parse(config, { version: '1.1' });
    for (const command of bootcmd) await place.host.expect(command.slice(3));
    for (const { path, permissions, encoding, content } of write_files) {
      const input = encoding ? gunzipSync(Buffer.from(content, 'base64')).toString() : content;
      await expectOn('mkdir', '-p', path.slice(0, path.lastIndexOf('/')));
      await place.host.expect(['tee', path], { input });
      await expectOn('chmod', permissions, path);
    }
    for (const command of runcmd) await place.host.expect(command);
  };
  const asScript = (script: string) => place.host.expect(['sh', '-s'], { input: script });

  /** One sentence for each thing that is not as it has to be. */
  const faults = async (): Promise<readonly string[]> => {
    round += 7;
    await place.testbed.acl.reset();
    const container = await place.host.inContainer('service');
    const ports = [20_001, 32_769, 40_001, 49_153, 60_500].map((port) => port + round);
    const seen = (
      await Promise.all([
        ...(['tcp', 'udp'] as const).map((protocol) => seenFrom(container, ports, { protocol })),
        seenFrom(place.testbed.host, { kernel: 20 }),
      ])
    ).flat();
    const wrong = seen.filter((one) => !one.seen || !hasPort(samplePolicy.ports, one.seen.port));
    const { outOfRange } = await place.testbed.acl.counters();
    return [...seenText(wrong), ...(outOfRange > 0 ? [`${outOfRange} packets left out of range`] : [])];
  };
  const start = async (unit: string, property: string) =>
    Number(await place.systemctl('show', '--value', '--property', property, unit));

  test.each([
    ['shell', asScript],
    ['cloud-config', asCloudInit],
  ] as const)(
    'as %s is fenced at once, again, after a restart of Docker and after a reboot, and can be set free',
    async (format, give) => {
      expect(await traces(place)).toEqual([]);
      await give(text(format));
      expect(await faults()).toEqual([]);
      const before = await place.host.expect(['nft', '-s', 'list', 'table', 'inet', 'portfence']);
      await give(text(format));
      expect(await place.host.expect(['nft', '-s', 'list', 'table', 'inet', 'portfence'])).toBe(before);
      await place.restartDocker();
      expect(await faults()).toEqual([]);
      await place.host.powerOff();
      expect(await place.host.boot()).toBe('running');
      expect(await start('portfence.service', 'ActiveEnterTimestampMonotonic')).toBeLessThan(
        await start('docker.service', 'ExecMainStartTimestampMonotonic'),
      );
      expect(await faults()).toEqual([]);
      expect((await place.json('uninstall')).document['files']).toEqual(expect.arrayContaining(FILES));
      await expectOn('sysctl', '-q', '-w', 'net.ipv4.ip_local_port_range=32768 60999');
      expect(await traces(place)).toEqual([]);
    },
  );
});
