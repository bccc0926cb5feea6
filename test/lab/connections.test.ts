import { expect, test } from 'vitest';
import { LINUX_PORTS, spreadPorts } from '../../src/lab/connections.ts';
import { KERNEL_EPHEMERAL } from '../../src/plan/given-ports.ts';

test('the lab and the plan agree on the ports that Linux hands out', () => {
  expect(LINUX_PORTS).toEqual(KERNEL_EPHEMERAL);
});

test('spread ports lie within their range, each once', () => {
  const ports = spreadPorts(200);
  expect(new Set(ports).size).toBe(200);
  expect(Math.min(...ports)).toBeGreaterThanOrEqual(LINUX_PORTS.from);
  expect(Math.max(...ports)).toBeLessThanOrEqual(LINUX_PORTS.to);
});
