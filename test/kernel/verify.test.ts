import { afterEach, expect, test } from 'vitest';
import type { BridgeSpec } from '../../src/lab/bridges.ts';
import type { Policy } from '../../src/policy/policy.ts';
import type { Check } from '../../src/verify/result.ts';
import { type VerifyOptions, verify } from '../../src/verify/verify.ts';
import { type FencedWorld, fencedWorld } from '../support/fenced-world.ts';
import { LAB, needs } from '../support/needs.ts';
import { samplePolicy } from '../support/samples.ts';

const BRIDGE = 'br-0123456789ab';
const NETWORK: BridgeSpec = { name: BRIDGE, ipv4: '172.18.0.1/16', ipv6: 'fd00:172:18::1/64', masquerade: true };
const KINDS = ['tcp ipv4', 'udp ipv4', 'tcp ipv6', 'udp ipv6'];

needs(...LAB, 'conntrack')('verify', () => {
  let place: FencedWorld;
  afterEach(() => place?.close());

  const run = (policy: Partial<Policy> = {}, options: Partial<VerifyOptions> = {}) =>
    verify(place.system, {
      policy: () => ({ ...samplePolicy, ...policy }),
      connections: 60,
      say: () => {},
      ...options,
    });
  const named = (checks: readonly Check[]) => Object.fromEntries(checks.map((check) => [check.name, check.outcome]));
  const every = (outcome: Check['outcome'], ...origins: readonly string[]) =>
    Object.fromEntries(origins.flatMap((origin) => KINDS.map((kind) => [`${origin} ${kind}`, outcome])));

  test('passes under the fence, from the host and from a container network', async () => {
    place = await fencedWorld();
    await place.world.addBridge(NETWORK);
    await place.fence();
    const verified = await run();
    expect(verified.notes).toEqual([]);
    expect(named(verified.checks)).toEqual(every('pass', 'host', `container ${BRIDGE}`));
    for (const check of verified.checks) expect(check).toMatchObject({ attempts: 60, inRange: 60, outOfRange: 0 });
    expect(verified.ok).toBe(true);
  });

  test('fails by name with an example without a fence, even where nothing was ever tracked', async () => {
    place = await fencedWorld();
    await place.world.addBridge({ ...NETWORK, masquerade: false });
    const verified = await run();
    expect(verified.ok).toBe(false);
    expect(named(verified.checks)).toEqual(every('fail', 'host', `container ${BRIDGE}`));
    for (const { attempts, inRange, outOfRange, example } of verified.checks) {
      expect(attempts).toBe(60);
      expect(inRange + outOfRange).toBe(60);
      expect(outOfRange).toBeGreaterThan(15);
      expect(example?.left).toBe(example?.from);
    }
    expect(await place.world.host.expect(['conntrack', '-L'])).toBe('');
  });
});
