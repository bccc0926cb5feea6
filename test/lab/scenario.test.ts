import { expect, test } from 'vitest';
import { labText } from '../../src/lab/lab-report.ts';
import { LAB_PORTS, labRun } from '../../src/lab/scenario.ts';
import { hasPort } from '../../src/ports.ts';
import { LAB, needs } from '../support/needs.ts';
import { standInFence } from '../support/stand-in-fence.ts';

needs(...LAB, 'conntrack')('the demonstration', () => {
  test('shows 58 % hanging without a fence and none with it', async () => {
    const said: string[] = [];
    const result = await labRun({ docker: false, portfence: standInFence, say: (line) => said.push(line) });
    expect(result.connections).toHaveLength(8);
    for (const { tried, hungBefore, hungAfter } of result.connections)
      expect({ tried, hungBefore, hungAfter }).toEqual({ tried: 200, hungBefore: 116, hungAfter: 0 });
    expect(result.ports.before.some((port) => !hasPort(LAB_PORTS, port))).toBe(true);
    expect(result.ports.after.every((port) => hasPort(LAB_PORTS, port))).toBe(true);
    expect(result).toMatchObject({ ok: true, strayPackets: { after: 0 } });
    expect(result.seconds).toBeLessThan(60);
    expect(said.at(-1)).toBe('Removed everything again');
    const text = labText(result, { colour: false }).join('\n');
    expect(text).toContain('116 (58 %)');
    expect(text).toMatch(/with portfence +\.{48}#{12}\.{4} {2}0 packets out of range/);
  });

  test('is not ok when the fence does nothing or verify fails', async () => {
    const result = await labRun({
      docker: false,
      portfence: async ([command]) => ({ code: command === 'verify' ? 1 : 0, stdout: '', stderr: 'no fence' }),
      say: () => {},
    });
    expect(result.ok).toBe(false);
    expect(result.connections.every(({ hungAfter }) => hungAfter > 0)).toBe(true);
    expect(labText(result, { colour: true }).join('\n')).toContain('no fence');
  });

  test('stops when it is interrupted, and says that everything is removed', async () => {
    const controller = new AbortController();
    const say = (line: string): void => {
      if (line.startsWith('Without')) controller.abort();
    };
    const run = labRun({ docker: false, portfence: standInFence, say, signal: controller.signal });
    await expect(run).rejects.toMatchObject({ code: 'INTERRUPTED', message: expect.stringContaining('removed') });
  });
});
