import { type Declarations, exportsOf } from './declarations.ts';
import { wrapped } from './wrapped.ts';

/** What programs may import, in the order of the page. */
export const ENTRIES = ['plan', 'nat', 'acl', 'ports'] as const;

const HEAD = [
  '# The API',
  '',
  ...wrapped(
    '`npm install portfence` gives programs the pure parts: they read no file, ask no kernel and change nothing. Made from the ' +
      'code by `UPDATE_GOLDENS=1 npm test -- test/packaging/api.test.ts`. Programs that run: [examples/api](../examples/api).',
    100,
  ),
];

/** docs/api.md, from the declarations that the compiler writes. */
export function apiPage(all: Declarations): string {
  const sections = ENTRIES.flatMap((name) => {
    const entry = `api/${name}.d.ts`;
    const [, about = ''] = /^\/\*\* (.*?) \*\//.exec(all.get(entry) ?? '') ?? [];
    const members = exportsOf(all, entry).flatMap(({ comment, text }) => [
      '',
      '```ts',
      ...text.split('\n'),
      '```',
      ...(comment === '' ? [] : ['', ...wrapped(comment, 100)]),
    ]);
    return ['', `## \`portfence/${name}\``, '', ...wrapped(about, 100), ...members];
  });
  return `${[...HEAD, ...sections].join('\n')}\n`;
}
