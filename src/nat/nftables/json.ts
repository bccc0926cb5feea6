/** The fields of an object that came from outside, none where it is no object. */
export type Fields = Readonly<Record<string, unknown>>;

export function fields(value: unknown): Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : {};
}

export const isObject = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

export const list = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);

/** Lists of one are written without the brackets. */
export const oneOrMore = (value: unknown): readonly unknown[] =>
  Array.isArray(value) ? value : value === undefined || value === null ? [] : [value];

export const text = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);

export const whole = (value: unknown): number | undefined =>
  typeof value === 'number' && Number.isInteger(value) ? value : undefined;

/** The one field of a statement or an expression: `{"match": {...}}` is `match`. */
export function only(value: unknown): readonly [name: string, inside: unknown] | undefined {
  if (!isObject(value)) return undefined;
  const told = fields(value);
  const [name, more] = Object.keys(told);
  return name === undefined || more !== undefined ? undefined : [name, told[name]];
}
