import { join } from 'node:path';
import process from 'node:process';
import { node, withoutNode } from './node.mjs';
import { ensurePackages, RELEASE, WANTED } from './packages.mjs';
import { exitWith, run } from './run.mjs';
import { root, setUp } from './setup.mjs';

/** What runs portfence as a user does. The deb's own tests run the executable anyhow. */
const TESTS = ['test/agent', 'test/cli', 'test/kernel', 'test/systemd'];
/** Hides every Node that PATH leads to from what follows, for this process and its children alone. */
const WITHOUT_NODE = `
IFS=:
for folder in $PATH; do test -e "$folder/node" && mount --bind /dev/null "$folder/node"; done
exec "$@"`;

/** Builds the executable and runs the tests against it where no Node is found: `npm run test:executable -- [FILE ...]`. */
await exitWith(async () => {
  await setUp();
  await ensurePackages([...WANTED.test, ...RELEASE.executable]);
  const built = await run(node(), [join(root, 'scripts/release/executable.ts')]);
  if (built !== 0) return built;
  const wanted = process.argv.slice(2);
  const vitest = [node(), join(root, 'node_modules/vitest/vitest.mjs'), 'run', ...(wanted.length > 0 ? wanted : TESTS)];
  const argv = ['--mount', '--propagation', 'private', 'sh', '-c', WITHOUT_NODE, 'sh', ...vitest];
  const architecture = process.arch === 'arm64' ? 'arm64' : 'x64';
  const env = { ...withoutNode(), PORTFENCE_EXECUTABLE: join(root, `dist/portfence-linux-${architecture}`) };
  return run('unshare', argv, { env });
});
