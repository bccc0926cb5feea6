import fc from 'fast-check';
import { expect, test } from 'vitest';
import { hasPort, type PortSet, portCount, portSet } from '../../src/ports.ts';
import { chooseSourcePorts, spreadOver } from '../../src/verify/batches.ts';

const ALL: PortSet = [{ from: 1024, to: 65_535 }];
const port = fc.integer({ min: 1024, max: 65_535 });
const range = fc.tuple(port, port).map(([a, b]) => ({ from: Math.min(a, b), to: Math.max(a, b) }));
const set = fc.array(range, { minLength: 1, maxLength: 4 }).map((ranges) => portSet(...ranges));
const shift = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });

test('ports are spread over all of a set, each once', () => {
  fc.assert(
    fc.property(set, fc.integer({ min: 1, max: 500 }), shift, (ports, count, by) => {
      const chosen = spreadOver(ports, count, by);
      expect(chosen).toHaveLength(Math.min(count, portCount(ports)));
      expect(new Set(chosen).size).toBe(chosen.length);
      expect(chosen.every((one) => hasPort(ports, one))).toBe(true);
    }),
  );
});

test('every stretch of the ports is met, whatever the shift', () => {
  for (const by of [0, 0.3, 0.99]) {
    const chosen = spreadOver(ALL, 100, by);
    const gaps = chosen.slice(1).map((one, i) => one - (chosen[i] ?? 0));
    expect(Math.max(...gaps)).toBeLessThanOrEqual(646);
    expect(chosen[0]).toBeLessThan(1024 + 646);
    expect(chosen.at(-1)).toBeGreaterThan(65_535 - 646);
  }
});

test('half of the ports are our own, half the kernel chooses, and spares are others', () => {
  const { own, spares, kernel } = chooseSourcePorts(200, { from: ALL, shift: 0.2, confined: () => true });
  expect([own.length, kernel]).toEqual([100, 100]);
  expect(spares.length).toBeGreaterThan(0);
  expect(spares.filter((one) => own.includes(one))).toEqual([]);
});

test('one connection comes from a port of our own', () => {
  expect(chooseSourcePorts(1, { from: ALL, shift: 0, confined: () => true })).toMatchObject({
    own: [1024],
    kernel: 0,
  });
});

test('ports that the policy leaves alone are passed over, for others where there are any', () => {
  const confined = (one: number) => one >= 40_000;
  const { own, spares } = chooseSourcePorts(200, { from: ALL, shift: 0, confined });
  expect([...own, ...spares].filter((one) => !confined(one))).toEqual([]);
  expect(own.length).toBeGreaterThan(50);
  expect(chooseSourcePorts(200, { from: ALL, shift: 0, confined: () => false }).own).toEqual([]);
});
