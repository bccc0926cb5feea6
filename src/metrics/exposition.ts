/** One measured value with its labels. */
export interface Sample {
  readonly labels?: Readonly<Record<string, string>>;
  readonly value: number;
}

/** All samples of one name. Names of counters come without `_total`. */
export interface Family {
  readonly name: string;
  readonly type: 'counter' | 'gauge';
  readonly help: string;
  readonly samples: readonly Sample[];
}

/** The two formats that Prometheus asks for by its Accept header. */
export const FORMATS = {
  openmetrics: 'application/openmetrics-text; version=1.0.0; charset=utf-8',
  text: 'text/plain; version=0.0.4; charset=utf-8',
} as const;
export type Format = keyof typeof FORMATS;

/** The format that an Accept header asks for. */
export const formatFor = (accept: string): Format =>
  accept.includes('application/openmetrics-text') ? 'openmetrics' : 'text';

/**
 * Metrics as text: OpenMetrics 1.0, or Prometheus' own format 0.0.4, in which a counter's name with `_total` is the
 * family's. Families without samples are left out. Throws RangeError for a name that neither allows.
 */
export function exposition(families: readonly Family[], format: Format): string {
  const lines = families.flatMap(({ name, type, help, samples }) => {
    if (!/^[a-z_][a-z0-9_]*$/.test(name)) throw new RangeError(`${name} is no name of a metric`);
    if (samples.length === 0) return [];
    const series = type === 'counter' ? `${name}_total` : name;
    const family = format === 'openmetrics' ? name : series;
    return [
      `# HELP ${family} ${escapeHelp(help)}`,
      `# TYPE ${family} ${type}`,
      ...samples.map(({ labels = {}, value }) => `${series}${labelsText(labels)} ${numberText(value)}`),
    ];
  });
  return `${[...lines, ...(format === 'openmetrics' ? ['# EOF'] : [])].join('\n')}\n`;
}

function labelsText(labels: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escapeLabel(value)}"`);
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`;
}

const escapeHelp = (text: string): string =>
  text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n').replaceAll('"', '\\"');
const escapeLabel = escapeHelp;

function numberText(value: number): string {
  if (Number.isNaN(value)) return 'NaN';
  if (!Number.isFinite(value)) return value > 0 ? '+Inf' : '-Inf';
  return String(value);
}
