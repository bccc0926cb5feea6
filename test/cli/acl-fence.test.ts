import { afterEach, beforeEach, expect, test } from 'vitest';
import { buildWorld, type World } from '../../src/lab/world.ts';
import { type CommandLine, commandLine } from '../support/command-line.ts';
import { LAB, needs } from '../support/needs.ts';
import { samplePolicy } from '../support/samples.ts';

const ACLS = `
acl web
  out 100 allow tcp 443 0.0.0.0/0
  in 100 allow tcp 49152-61000 0.0.0.0/0
`;
const CHECK = ['acl', 'check', '--file', '-', '--json'];

needs(...LAB, 'conntrack')('acl check on a host', () => {
  let world: World;
  let portfence: CommandLine;

  beforeEach(async () => {
    world = await buildWorld({ allowed: samplePolicy.ports });
    portfence = await commandLine(world.host);
  });
  afterEach(async () => {
    await world?.close();
    await portfence?.close();
  });

  test('holds the plain range, then the running fence, and says so when the rules of it are gone', async () => {
    const check = async () => {
      const { code, stdout, stderr } = await portfence.run(CHECK, { input: ACLS });
      return { code, stderr, ...JSON.parse(stdout) };
    };
    expect(await check()).toMatchObject({ code: 1, source: 'host', hangingPercent: 58 });
    await portfence.run(['apply', '--ports', '49152-61000']);
    expect(await check()).toMatchObject({ code: 0, source: 'fence', fits: true });
    await portfence.run(['apply', '--ports', '40000-61000']);
    expect(await check()).toMatchObject({ code: 1, source: 'fence', hangingPercent: 43.6 });
    await world.host.expect(['nft', 'flush', 'ruleset']);
    const gone = await check();
    expect(gone).toMatchObject({ code: 1, source: 'host', hangingPercent: 58 });
    expect(gone.stderr).toContain('the fence of the last apply is not in the kernel');
  });

  test('whoever may not read the state is told that the host is taken to have no fence', async () => {
    await portfence.run(['apply', '--ports', '49152-61000']);
    const { stdout, stderr } = await world.host.run(
      ['setpriv', '--reuid=65534', '--clear-groups', ...portfence.argv(CHECK)],
      { input: ACLS },
    );
    expect(JSON.parse(stdout)).toMatchObject({ source: 'host', ways: [{ used: ['49152-61000'] }] });
    expect(stderr).toContain('run it as root');
  });
});
