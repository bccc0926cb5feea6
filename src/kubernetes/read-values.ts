import { parse, stringify } from 'yaml';
import { PortfenceError } from '../errors.ts';
import { DEFAULTS, type Options, readOptions } from './values.ts';

/** A file of values and flags that go before it. */
export interface GivenValues {
  readonly values?: { readonly file: string; readonly text: string } | undefined;
  /** `REPOSITORY:TAG` or `REPOSITORY@DIGEST`. */
  readonly image?: string | undefined;
  /** The backend that the agents are to use. */
  readonly backend?: string | undefined;
}

/** The options, and the policy as a text where the file holds one. Throws USAGE for values that the chart would refuse. */
export function readValues({ values, image, backend }: GivenValues): {
  readonly options: Options;
  readonly policy: { readonly text?: string; readonly file?: string };
} {
  const { policy, ...rest } = values === undefined ? {} : mappingOf(values);
  const read = values === undefined ? DEFAULTS : checked(rest, values.file);
  return {
    options: {
      ...read,
      ...(image === undefined ? {} : { image: { ...read.image, ...imageParts(image) } }),
      extraArgs: [...(backend === undefined ? [] : ['--backend', backend]), ...read.extraArgs],
    },
    policy:
      policy === undefined || values === undefined ? {} : { text: stringify(policy), file: `${values.file}: policy` },
  };
}

function mappingOf({ file, text }: { file: string; text: string }): Readonly<Record<string, unknown>> {
  let data: unknown;
  try {
    data = parse(text);
  } catch (cause) {
    throw new PortfenceError('USAGE', `${file} is no YAML`, { detail: String(cause), cause });
  }
  if (data === null) return {};
  if (typeof data !== 'object' || Array.isArray(data))
    throw new PortfenceError('USAGE', `${file} holds no mapping`, {
      hint: 'write values as in charts/portfence/values.yaml',
    });
  return Object.fromEntries(Object.entries(data));
}

function checked(data: unknown, file: string): Options {
  try {
    return readOptions(data);
  } catch (cause) {
    const issues = issuesOf(cause).flatMap(issueWords);
    throw new PortfenceError('USAGE', `${file} holds values that the chart does not take`, {
      detail: issues.join('\n'),
      cause,
    });
  }
}

interface Issue {
  readonly path: readonly PropertyKey[];
  readonly keys?: readonly string[];
}

/** zod/mini brings no words of its own. */
function issueWords({ path, keys }: Issue): readonly string[] {
  const place = path.map(String);
  if (keys) return keys.map((key) => `${[...place, key].join('.')}: there is no such value`);
  return [`${place.join('.')}: not what values.schema.json takes`];
}

function issuesOf(error: unknown): readonly Issue[] {
  return error instanceof Error && 'issues' in error && Array.isArray(error.issues) ? error.issues : [];
}

/** A tag has no slash; what stands before the last slash can have a port. */
function imageParts(image: string): Partial<Options['image']> {
  const [name = '', digest] = image.split('@');
  const [, repository = name, tag = ''] = /^(.*):([^/:]+)$/.exec(name) ?? [];
  if (repository === '' || (digest !== undefined && !/^sha256:[0-9a-f]{64}$/.test(digest)))
    throw new PortfenceError('USAGE', `'${image}' names no image`, {
      hint: 'write REPOSITORY:TAG or REPOSITORY@sha256:...',
    });
  return { repository, tag, digest: digest ?? '' };
}
