import { expect, test } from 'vitest';
import { labText } from '../../src/lab/lab-report.ts';
import { labRun } from '../../src/lab/scenario.ts';
import { ENGINE, needs } from '../support/needs.ts';
import { standInFence } from '../support/stand-in-fence.ts';

needs(...ENGINE, 'conntrack')('the demonstration with a real engine', () => {
  test('shows builds that fail without a fence and succeed with it, on later networks too', async () => {
    const result = await labRun({ docker: true, portfence: standInFence, say: () => {} });
    expect(result.builds.length).toBeGreaterThanOrEqual(3);
    for (const { failedBefore, failedAfter } of result.builds) {
      if (failedBefore !== undefined) expect(failedBefore).toBeGreaterThan(0);
      expect(failedAfter).toBe(0);
    }
    expect(result.builds.filter(({ network }) => network === 'shop_default')).toHaveLength(2);
    expect(result.ok).toBe(true);
    expect(labText(result, { colour: false }).join('\n')).toContain('0, build succeeds');
  });
});
