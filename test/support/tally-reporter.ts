import process from 'node:process';
import type { Reporter, TestModule } from 'vitest/node';
import { SKIPPED } from './skipped.ts';

/** Ends every run with one line that a script can read: `N passed, N failed`, and `, N skipped` where any were. */
class TallyReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandled: readonly unknown[]): void {
    const count = { passed: 0, failed: unhandled.length, skipped: 0 };
    const missing = new Set<string>();
    for (const module of modules) {
      for (const test of module.children.allTests()) {
        const { state } = test.result();
        if (state === 'pending') count.skipped += 1;
        else count[state] += 1;
      }
      // A file that can't be loaded and a hook that fails have no failed test of their own.
      for (const suite of [module, ...module.children.allSuites()]) if (suite.errors().length > 0) count.failed += 1;
      for (const { name } of module.children.allSuites()) if (name.includes(SKIPPED)) missing.add(name);
    }
    const skipped = count.skipped > 0 ? `, ${count.skipped} skipped` : '';
    const line = `${count.passed} passed, ${count.failed} failed${skipped}\n`;
    // The default reporter prints its summary in the same event; this line comes after all of it.
    process.once('exit', () => process.stdout.write([...missing, line].join('\n')));
  }
}

// biome-ignore lint/style/noDefaultExport: vitest loads a reporter by its default export.
export default TallyReporter;
