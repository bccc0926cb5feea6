import { parsePolicy } from '../policy/parse.ts';
import { renderPolicy } from '../policy/render.ts';

/** The policy file of a package: every line is a comment, so that installing fences nothing. Packages keep it the same over versions. */
export function samplePolicy(): string {
  const { policy } = parsePolicy({ flags: { ports: '49152-61000' } });
  const lines = renderPolicy(policy).trimEnd().split('\n').slice(1);
  return [
    '# portfence policy: which source ports connections may leave this host from.',
    '# Nothing is fenced while every line is a comment. Take the # away from `ports` and from what you change, then run:',
    '#     portfence plan && portfence install systemd',
    '',
    ...lines.map((line) => (/^\s*(?:#|$)/.test(line) ? line : `#${line}`)),
    '',
  ].join('\n');
}
