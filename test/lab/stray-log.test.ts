import { afterAll, beforeAll, expect, test } from 'vitest';
import { openConnections } from '../../src/lab/connections.ts';
import { ECHO_ADDRESS_PORT } from '../../src/lab/peer-servers.ts';
import { logStrays, readStrays, type StrayLog } from '../../src/lab/stray-log.ts';
import { buildTestbed, type Testbed } from '../../src/lab/testbed.ts';
import { HOST, PEER } from '../../src/lab/topology.ts';
import { LAB, needs } from '../support/needs.ts';
import { samplePolicy } from '../support/samples.ts';

const LISTING = `table inet strays_3 {
	set first_ipv4 {
		type ipv4_addr . inet_service . ipv4_addr . inet_service . inet_proto
		size 65535
		flags dynamic,timeout
		timeout 1d
		elements = { 10.0.1.10 . 40001 . 203.0.113.10 . 7000 . tcp counter packets 3 bytes 180 expires 23h59m50s,
			     172.17.0.2 . 5004 . 203.0.113.11 . 7000 . udp counter packets 1 bytes 30 expires 23h59m58s996ms }
	}

	set last_ipv4 {
		elements = { 10.0.1.10 . 40001 . 203.0.113.10 . 7000 . tcp expires 23h59m59s500ms,
			     172.17.0.2 . 5004 . 203.0.113.11 . 7000 . udp expires 23h59m58s996ms }
	}

	set opened_ipv4 {
		elements = { 172.17.0.2 . 5004 . 203.0.113.11 . 7000 . udp expires 23h59m58s996ms }
	}

	set first_ipv6 {
		size 65535
	}
}`;

test('how long elements have to live tells when a flow’s first and last packet left', () => {
  const [host, container, ...more] = readStrays(LISTING, { from: 100_000, to: 100_030 });
  expect(more).toEqual([]);
  expect(host).toEqual({
    ...{ family: 'ipv4', protocol: 'tcp', source: '10.0.1.10', sourcePort: 40_001, destination: '203.0.113.10' },
    ...{ destinationPort: 7000, packets: 3, opening: false, first: 90_000, last: 99_500, blurMs: 40 },
  });
  expect(container).toMatchObject({
    source: '172.17.0.2',
    protocol: 'udp',
    opening: true,
    first: 98_996,
    last: 98_996,
  });
});

needs(...LAB)('the log of strays', () => {
  let testbed: Testbed;
  let log: StrayLog;
  beforeAll(async () => {
    testbed = await buildTestbed({ allowed: samplePolicy.ports });
    log = await logStrays(testbed.router, testbed.allowed);
  });
  afterAll(() => testbed?.close());

  const send = (protocol: 'tcp' | 'udp', family: 'ipv4' | 'ipv6', port: number) =>
    openConnections(testbed.host, [
      { protocol, to: { host: PEER[family], port: ECHO_ADDRESS_PORT }, sourcePorts: [port], timeoutMs: 300 },
    ]);

  test('notes each flow once, with its family, protocol and time, and gives it to the first reader', async () => {
    const began = Date.now();
    await send('tcp', 'ipv4', 40_001);
    await send('udp', 'ipv6', 1024);
    await send('tcp', 'ipv6', 50_001);
    const strays = await log.read();
    const ended = Date.now();
    expect(strays.map(({ source, sourcePort, protocol, opening }) => [source, sourcePort, protocol, opening])).toEqual([
      [HOST.ipv4, 40_001, 'tcp', true],
      [HOST.ipv6, 1024, 'udp', true],
    ]);
    for (const { first, last, blurMs } of strays) {
      expect(first).toBeGreaterThanOrEqual(began - blurMs);
      expect(last).toBeGreaterThanOrEqual(first);
      expect(last).toBeLessThanOrEqual(ended);
    }
    await send('udp', 'ipv4', 2000);
    const [again, none] = [await log.read(), await log.read()];
    expect([again.map(({ sourcePort }) => sourcePort), none]).toEqual([[2000], []]);
  });
});
