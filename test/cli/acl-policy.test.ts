import { describe, expect, test } from 'vitest';
import { followAcl } from '../../src/cli/acl-timer.ts';
import { policyFiles, policySource } from '../../src/cli/policy-flags.ts';
import { samplePolicy } from '../support/samples.ts';
import { type Script, type ScriptedSystem, scriptedSystem } from '../support/scripted-system.ts';

const TABLE = `
acl web
  subnet subnet-web
  out 100 allow all any any
  in 100 allow tcp 49152-61000 any
  in 110 allow udp 50000-65535 any
acl closed
  in 100 allow tcp 1-1023 any
`;
const POLICY = '/etc/portfence/policy.yaml';
const policy = (ports: string) => `version: 1\nports: ${ports}\nprotocols: [tcp]\nfamilies: [ipv4]\n`;
const FROM_FILE = policy('{ acl: acls.txt, subnet: subnet-web }');

/** Reads the policy as `apply` does, on the same system again and again. */
function host(files: Readonly<Record<string, string>>, script: Script = {}) {
  const system = scriptedSystem({ files, env: { PORTFENCE_STATE_DIR: '/state' }, ...script });
  const said: string[] = [];
  const context = { system, say: (line: string) => void said.push(line), colour: false, width: 100 };
  const read = async (options = {}, remember = true) =>
    (await policySource(context, { policy: POLICY, ...options }, { applied: false, remember }))();
  return { system, said, read };
}
const change = (system: ScriptedSystem, path: string, text: string) =>
  (system.files as Map<string, string>).set(path, text);

test('the ports come from the ACL that the policy names, beside the policy, for the services that it names', async () => {
  const { read, said } = host({ [POLICY]: FROM_FILE, '/etc/portfence/acls.txt': TABLE });
  expect((await read()).ports).toEqual([{ from: 49_152, to: 61_000 }]);
  expect(said).toEqual(['note: web lets 49152-61000 back in; the fence takes 49152-61000']);
  const both = policy('{ acl: /srv/acls.txt, subnet: subnet-web, services: [443/tcp, 53/udp] }');
  expect((await host({ [POLICY]: both, '/srv/acls.txt': TABLE }).read()).ports).toEqual([{ from: 50_000, to: 61_000 }]);
});

test('a block that nothing passes to, and that takes the ports from all others, is named', async () => {
  const table = TABLE.replace(
    'out 100 allow all any any',
    'out 100 allow all any any\n  in 1 deny all any 192.0.2.0/24',
  );
  const { read, said } = host({ [POLICY]: FROM_FILE, '/etc/portfence/acls.txt': table });
  await expect(read()).rejects.toThrow('web lets no source port from 1024 up out to 443/tcp and back in');
  expect(said).toEqual([expect.stringMatching(/^note: nothing passes to 192\.0\.2\.0\/24, whatever the port; /)]);
});

test('a flag that names the ports asks no ACL', async () => {
  const { read, said } = host({ [POLICY]: FROM_FILE });
  expect((await read({ ports: '40000-49999' })).ports).toEqual([{ from: 40_000, to: 49_999 }]);
  expect(said).toEqual([]);
});

test('where the ACL can’t be asked the last good range stays, loudly; a changed question has none', async () => {
  const { system, read, said } = host({ [POLICY]: FROM_FILE, '/etc/portfence/acls.txt': TABLE });
  await read();
  for (const broken of ['', '{', TABLE.replace('allow all any any', 'deny all any any')]) {
    change(system, '/etc/portfence/acls.txt', broken);
    said.length = 0;
    expect((await read()).ports).toEqual([{ from: 49_152, to: 61_000 }]);
    expect(said.slice(-2)).toEqual([
      expect.stringMatching(/^warning: the network ACL can't be asked for the ports: /),
      'warning: the last good range stays: 49152-61000, of 2026-01-01T00:00:00.000Z',
    ]);
  }
  change(system, POLICY, policy('{ acl: acls.txt, subnet: subnet-web, services: [80/tcp] }'));
  await expect(read()).rejects.toThrow(/web lets no source port from 1024 up out to 80\/tcp and back in/);
});

test('after a reboot, which takes the answers, the ports of the fence that stands stay, loudly', async () => {
  const wanted = {
    policy: { ...samplePolicy, ports: [{ from: 50_000, to: 51_999 }] },
    ...{ creation: [], settings: [], uplinks: [], appliedAt: 0 },
  };
  const state = JSON.stringify({ version: 1, before: {}, ours: {}, wanted });
  const { read, said } = host({ [POLICY]: FROM_FILE, '/state/state.json': state });
  expect((await read()).ports).toEqual([{ from: 50_000, to: 51_999 }]);
  expect(said.at(-1)).toBe('warning: the ports of the fence that stands stay: 50000-51999');
});

test('only who acts keeps the answer, and a damaged one is none', async () => {
  const files = { [POLICY]: FROM_FILE, '/etc/portfence/acls.txt': TABLE };
  const looking = host(files);
  await looking.read({}, false);
  expect(looking.system.calls.written).toEqual([]);
  const acting = host({ ...files, '/state/acl-ports.json': '{"request":' });
  await acting.read();
  await acting.read();
  expect(acting.system.calls.written.map(({ path }) => path)).toEqual(['/state/acl-ports.json']);
});

test('a range that still passes stays when the ACL changes, and one that does not gives way', async () => {
  const { system, read } = host({ [POLICY]: FROM_FILE, '/etc/portfence/acls.txt': TABLE });
  await read();
  const wider = TABLE.replace('allow tcp 49152-61000', 'allow tcp 1024-40000,49000-65535');
  change(system, '/etc/portfence/acls.txt', wider);
  expect((await read()).ports).toEqual([{ from: 49_152, to: 61_000 }]);
  const moved = TABLE.replace('allow tcp 49152-61000', 'allow tcp 1024-40000,53000-65535');
  change(system, '/etc/portfence/acls.txt', moved);
  expect((await read()).ports).toEqual([{ from: 53_000, to: 65_535 }]);
});

test('the agent follows the file of ACLs as well', async () => {
  const files = async (ports: string, options = {}) => {
    const { system } = host({ [POLICY]: policy(ports) });
    return policyFiles({ system, say: () => {}, colour: false, width: 100 }, { policy: POLICY, ...options });
  };
  expect(await files('{ acl: acls.txt }')).toEqual([POLICY, '/etc/portfence/acls.txt']);
  expect(await files('{ acl: /srv/acls.txt }')).toEqual([POLICY, '/srv/acls.txt']);
  for (const plain of ['{ acl: auto }', '49152-61000', '{ acl: 5 }']) expect(await files(plain)).toEqual([POLICY]);
  expect(await files('{ acl: acls.txt }', { ports: '49152-61000' })).toEqual([POLICY]);
});

test.each([
  ['{ acl: acls.txt, subnt: x }', /ports\.subnt.*subnet/],
  ['{ acl: acls.txt, services: [https] }', /ports\.services\[0\]: https is no service; write a port and a protocol/],
  ['{ acl: acls.txt, services: [70000/tcp] }', /ports\.services\[0\]: 70000\/tcp is no service/],
  ['{ acl: 5 }', /ports\.acl: found the number 5, expected auto or the name of a file/],
  ['{ subnet: subnet-web }', /ports\.acl: is missing/],
])('a mistake in %s is told before anybody is asked', async (ports, message) => {
  await expect(host({ [POLICY]: policy(ports) }).read()).rejects.toThrow(message);
});

test('auto asks EC2, and says what is missing where this is no instance', async () => {
  await expect(host({ [POLICY]: policy('{ acl: auto }') }).read()).rejects.toMatchObject({ code: 'CLOUD' });
});

test('peers that the policy names keep a blocklist from taking every port away', async () => {
  const table = TABLE.replace(
    'out 100 allow all any any',
    'out 100 allow all any any\n  in 1 deny all any 192.0.2.0/24',
  );
  const asked = policy('{ acl: acls.txt, subnet: subnet-web, peers: [10.0.0.0/8, "203.0.113.9"] }');
  const { read } = host({ [POLICY]: asked, '/etc/portfence/acls.txt': table });
  expect((await read()).ports).toEqual([{ from: 49_152, to: 61_000 }]);
});

test('ports that hang on what can’t be judged are never taken', async () => {
  const template = JSON.stringify({
    Resources: {
      Gate: { Type: 'AWS::EC2::NetworkAcl', Properties: { VpcId: 'vpc-1' } },
      Out: {
        Type: 'AWS::EC2::NetworkAclEntry',
        Properties: {
          NetworkAclId: { Ref: 'Gate' },
          RuleNumber: 1,
          Protocol: -1,
          RuleAction: 'allow',
          Egress: true,
          CidrBlock: '0.0.0.0/0',
        },
      },
      In: {
        Type: 'AWS::EC2::NetworkAclEntry',
        Properties: {
          NetworkAclId: { Ref: 'Gate' },
          RuleNumber: 1,
          Protocol: -1,
          RuleAction: 'allow',
          CidrBlock: '0.0.0.0/0',
        },
      },
      More: { Type: 'AWS::CloudFormation::Stack', Properties: { Parameters: { Acl: { Ref: 'Gate' } } } },
    },
  });
  const { read } = host({ [POLICY]: policy('{ acl: gate.json }'), '/etc/portfence/gate.json': template });
  await expect(read()).rejects.toThrow(/hangs on what could not be judged: More, of AWS::CloudFormation::Stack/);
});

describe('the agent asks the ACL again', () => {
  const minutes = (every: string) => policy(`{ acl: acls.txt, subnet: subnet-web${every} }`);
  const follow = async (files: Readonly<Record<string, string>>, random: number, rounds: number, table = TABLE) => {
    const { system, said, read } = host(files);
    await read();
    change(system, '/etc/portfence/acls.txt', table);
    const stop = new AbortController();
    let changes = 0;
    const sleep = async (ms: number) => {
      await system.sleep(ms);
      if (system.calls.slept.length >= rounds) stop.abort();
    };
    const context = {
      system: { ...system, sleep },
      say: (line: string) => void said.push(line),
      colour: false,
      width: 100,
    };
    const onChange = () => {
      changes += 1;
      stop.abort();
    };
    await followAcl(context, { options: { policy: POLICY }, signal: stop.signal, random: () => random, onChange });
    return { slept: system.calls.slept, changes, said };
  };
  const files = (every = '') => ({ [POLICY]: minutes(every), '/etc/portfence/acls.txt': TABLE });

  test('every 15 minutes, a tenth more or less', async () => {
    expect((await follow(files(), 0.5, 2)).slept).toEqual([900_000, 900_000]);
    expect((await follow(files(), 0, 2)).slept[0]).toBe(810_000);
    expect((await follow(files(), 1, 2)).slept[0]).toBe(990_000);
    expect((await follow(files(', everyMinutes: 60'), 0.5, 2)).slept[0]).toBe(3_600_000);
  });

  test('and tells when another range is recommended, not when it stays', async () => {
    const moved = TABLE.replace('49152-61000', '40000-48000');
    expect((await follow(files(), 0.5, 3, moved)).changes).toBe(1);
    expect((await follow(files(), 0.5, 3)).changes).toBe(0);
    expect((await follow(files(', everyMinutes: 0'), 0.5, 3, moved)).changes).toBe(0);
  });

  test('and says where it can’t be asked', async () => {
    const { changes, said } = await follow(files(), 0.5, 2, '{');
    expect(changes).toBe(0);
    expect(said.at(-1)).toMatch(/^warning: the network ACL can't be asked again: /);
  });
});
