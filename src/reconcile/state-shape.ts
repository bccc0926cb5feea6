/** A check of one value; every check takes anything. */
type Is = (value: unknown) => boolean;

const isText: Is = (value) => typeof value === 'string';
const isNumber: Is = (value) => typeof value === 'number';
const isPort: Is = (value) => Number.isInteger(value) && Number(value) >= 0 && Number(value) <= 65_535;
const isTexts = listOf(isText);
const oneOf =
  (...values: readonly unknown[]): Is =>
  (value) =>
    values.includes(value);
const isMissingOr =
  (is: Is): Is =>
  (value) =>
    value === undefined || is(value);

function listOf(is: Is): Is {
  return (value) => Array.isArray(value) && value.every(is);
}

/** An object with at least these fields; further ones come from other versions and are let be. */
function shape(fields: Readonly<Record<string, Is>>): Is {
  return (value) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
    const has = value as Readonly<Record<string, unknown>>;
    return Object.entries(fields).every(([name, is]) => is(has[name]));
  };
}

function recordOf(is: Is): Is {
  return (value) => shape({})(value) && Object.values(value as object).every(is);
}

const isPorts = listOf(shape({ from: isPort, to: isPort }));
const isAutoOrTexts: Is = (value) => value === 'auto' || isTexts(value);

const isPolicy = shape({
  version: oneOf(1),
  ports: (value) => isPorts(value) && Array.isArray(value) && value.length > 0,
  protocols: isTexts,
  families: isTexts,
  uplinks: isAutoOrTexts,
  exempt: shape({ destinations: isTexts, sourcePorts: isPorts }),
  host: isText,
  hostRange: isText,
  containers: shape({
    native: oneOf(true, false),
    timestamps: isText,
    interfaces: isAutoOrTexts,
    routed: isAutoOrTexts,
  }),
  forwarded: isText,
  guard: isText,
  listen: isMissingOr(isText),
});

const isWanted = shape({
  policy: isPolicy,
  backend: isMissingOr(shape({ id: isText, asked: isText })),
  creation: isTexts,
  listed: isMissingOr(isText),
  settings: listOf(shape({ key: isText, value: isText })),
  uplinks: isTexts,
  appliedAt: isNumber,
});
const isWantedOrNull: Is = (value) => value === null || isWanted(value);

const isEngine = shape({
  engine: isText,
  socket: isText,
  networks: listOf(shape({})),
  published: listOf(shape({})),
});

const isStoredState = shape({
  version: oneOf(1),
  before: recordOf(isText),
  ours: recordOf(isTexts),
  wanted: isWantedOrNull,
  engines: isMissingOr(listOf(isEngine)),
  engineNat: isMissingOr(isTexts),
  pending: isMissingOr(shape({ token: isText, deadline: isNumber, previous: isWantedOrNull })),
  made: isMissingOr(isTexts),
  draining: isMissingOr(shape({ since: isNumber, token: isText })),
});

/** Whether a document has the shape of a State: what it holds can be used without another look. */
export function hasStateShape(value: unknown): boolean {
  return isStoredState(value);
}
