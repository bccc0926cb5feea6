import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { HOST, PEER } from '../../src/lab/topology.ts';
import { type CommandLine, commandLine } from '../support/command-line.ts';
import { type FencedTestbed, fencedTestbed, seenFrom } from '../support/fenced-testbed.ts';
import { LAB, needs } from '../support/needs.ts';

const ACL = fileURLToPath(new URL('../../examples/acl/two-services.txt', import.meta.url));

needs(...LAB, 'conntrack')('a report of a fenced host', () => {
  let lab: FencedTestbed;
  let portfence: CommandLine;
  beforeAll(async () => {
    lab = await fencedTestbed();
    const bridge = await lab.testbed.addBridge({ name: 'docker0', ipv4: '172.17.0.1/16', masquerade: true });
    await lab.fence();
    await seenFrom(await bridge.addGuest(), { kernel: 3 }, { protocol: 'udp' });
    portfence = await commandLine(lab.testbed.host);
  });
  afterAll(async () => {
    await lab?.close();
    await portfence?.close();
  });

  test('holds addresses, findings and whether the ACL fits, as their own commands say', async () => {
    const policy = ['--ports', '49152-61000'];
    const { document } = await portfence.json(['report', ...policy, '--acl', ACL, '--subnet', 'builders']);
    const [plan, doctor, fit] = await Promise.all([
      portfence.json(['plan', ...policy, '--addresses']),
      portfence.json(['doctor', ...policy]),
      portfence.json(['acl', 'check', ...policy, '--file', ACL, '--subnet', 'builders']),
    ]);
    expect(document['addresses']).toEqual(plan.document['addresses']);
    expect(document['doctor']).toEqual(doctor.document);
    expect(document['acl']).toEqual(fit.document);
    expect(document['acl']).toMatchObject({ fits: false });
  });

  test('an ACL that can not be read is a sentence in it, and no failure', async () => {
    const { code, document } = await portfence.json(['report', '--ports', '49152-61000', '--acl', '/nothing/here']);
    expect(code).toBe(0);
    expect(document['acl']).toMatchObject({ problem: expect.stringContaining('/nothing/here') });
  });

  test('an anonymous page has no address and no name of the host, the ACL or its file', async () => {
    const output = join(portfence.folder, 'report.html');
    const flags = ['--ports', '49152-61000', '--acl', ACL, '--subnet', 'builders', '--anonymous', '--output', output];
    expect((await portfence.run(['report', ...flags])).code).toBe(0);
    const page = await readFile(output, 'utf8');
    for (const known of [PEER.ipv4, HOST.ipv4, '172.17.0.', 'builders', '198.51.100', 'two-services.txt'])
      expect(page).not.toContain(known);
    expect(page).toContain('DOES NOT FIT');
    expect(page).toContain('<svg');
  });
});
