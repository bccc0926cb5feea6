import { afterAll, beforeAll, expect, test } from 'vitest';
import { HOST, PEER } from '../../src/lab/topology.ts';
import { type CommandLine, commandLine } from '../support/command-line.ts';
import { type FencedTestbed, fencedTestbed, OPEN_ACL, seenFrom } from '../support/fenced-testbed.ts';
import { LAB, needs } from '../support/needs.ts';

needs(...LAB, 'conntrack')('portfence flows and why', () => {
  let fenced: FencedTestbed;
  let portfence: CommandLine;
  beforeAll(async () => {
    fenced = await fencedTestbed(OPEN_ACL);
    portfence = await commandLine(fenced.testbed.host);
    const spec = { name: 'docker0', ipv4: '172.17.0.1/16', masquerade: true };
    const guest = await (await fenced.testbed.addBridge(spec)).addGuest();
    await portfence.run(['apply', '--ports', '49152-61000']);
    await seenFrom(guest, [40_001, 40_002, 40_003], { to: PEER.ipv4 });
    await seenFrom(fenced.testbed.host, [40_004], { to: PEER.ipv4 });
  });
  afterAll(async () => {
    await portfence?.close();
    await fenced?.close();
  });

  const service = `tcp/${PEER.ipv4}:7000`;

  test('count what really left, by destination and by source', async () => {
    const { code, document } = await portfence.json(['flows']);
    expect(code).toBe(0);
    expect(document).toMatchObject({
      ranges: '49152-61000',
      totals: { leaving: 4, outOfRange: 0, hanging: 0, malformed: 0 },
      destinations: [
        { protocol: 'tcp', address: PEER.ipv4, port: 7000, leaving: HOST.ipv4, inUse: 4, available: 11_849 },
      ],
      sources: [
        { address: '172.17.0.2', kind: 'container', flows: 3 },
        { address: HOST.ipv4, kind: 'host', flows: 1 },
      ],
    });
    const { stdout } = await portfence.run(['flows', '--by', 'source', '--csv']);
    expect(stdout.split('\n').slice(1, 3)).toEqual(['172.17.0.2,container,3,0,0,3,0,0', '10.0.1.10,host,1,0,0,1,0,0']);
  });

  test('name who fills the ports towards a service', async () => {
    const { code, stdout } = await portfence.run(['why', service]);
    expect(code).toBe(0);
    expect(stdout).toContain(`tcp ${PEER.ipv4}:7000 from ${HOST.ipv4}: 4 of 11849 ports in use`);
    expect(stdout).toMatch(/3 {2}172\.17\.0\.2 .*3 closing\n.*1 {2}this host/);
    const nobody = await portfence.run(['why', `${PEER.ipv4}:9`]);
    expect([nobody.code, nobody.stdout]).toEqual([0, expect.stringContaining('no connection of this host')]);
    const wrong = await portfence.run(['why', 'nonsense']);
    expect([wrong.code, wrong.stderr]).toEqual([2, expect.stringContaining("'nonsense' is not HOST:PORT")]);
  });

  test('show a connection that leaves out of range, and end with 1', async () => {
    expect((await portfence.run(['flows', '--out-of-range'])).code).toBe(0);
    const ends = ['-s', HOST.ipv4, '-d', PEER.ipv4, '--sport', '40123', '--dport', '443'];
    await fenced.testbed.host.expect(['conntrack', '-I', '-p', 'tcp', ...ends, '--state', 'SYN_SENT', '-t', '60']);
    const { code, stdout } = await portfence.run(['flows', '--out-of-range']);
    expect([code, stdout]).toEqual([1, expect.stringContaining('40123')]);
  });
});
