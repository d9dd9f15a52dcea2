/**
 * A reader of Prometheus' text format 0.0.4 for tests, by its grammar: what does not fit, or comes twice, is an error.
 */
export interface ParsedFamily {
  readonly type: string;
  readonly help: string;
  /** Values by name and labels as written, e.g. `a_bucket{le="1"}`. */
  readonly values: Map<string, number>;
}

const name = '[a-zA-Z_:][a-zA-Z0-9_:]*';
const label = '[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\\\\n]|\\\\["\\\\n])*"';
const sample = new RegExp(`^(${name})((?:\\{${label}(?:,${label})*\\})?) (\\S+)$`);

export function parseExposition(text: string): Map<string, ParsedFamily> {
  if (!text.endsWith('\n')) throw new Error('the last line does not end');
  const families = new Map<string, ParsedFamily>();
  let help: [string, string] | undefined;
  let current = '';
  for (const line of text.slice(0, -1).split('\n')) {
    if (line === '') continue;
    const [, helpName, helpText] = new RegExp(`^# HELP (${name}) (.+)$`).exec(line) ?? [];
    const [, typeName, type] = new RegExp(`^# TYPE (${name}) (counter|gauge|histogram)$`).exec(line) ?? [];
    if (helpName) help = [helpName, helpText!];
    else if (typeName) {
      if (help?.[0] !== typeName || families.has(typeName)) throw new Error(`TYPE of ${typeName} out of place`);
      families.set(typeName, { type: type!, help: help[1], values: new Map() });
      current = typeName;
    } else addSample(families.get(current), current, line);
  }
  return families;
}

function addSample(family: ParsedFamily | undefined, familyName: string, line: string): void {
  const [, sampleName, labels, value] = sample.exec(line) ?? [];
  const suffixes = family?.type === 'histogram' ? ['_bucket', '_sum', '_count'] : [''];
  if (!family || !suffixes.some((suffix) => sampleName === familyName + suffix)) throw new Error(`unexpected: ${line}`);
  const key = sampleName + labels!;
  if (family.values.has(key) || !Number.isFinite(Number(value))) throw new Error(`twice, or no number: ${line}`);
  family.values.set(key, Number(value));
}

/** All values of all families. */
export function valuesOf(text: string): Record<string, number> {
  return Object.fromEntries([...parseExposition(text).values()].flatMap(({ values }) => [...values]));
}

/** The buckets of a histogram in the order written: bound in seconds, and count. */
export function bucketsOf(text: string, family: string): { le: number; count: number }[] {
  const values = parseExposition(text).get(family)?.values ?? new Map<string, number>();
  return [...values].flatMap(([key, count]) => {
    const bound = /_bucket\{le="(.+)"\}$/.exec(key)?.[1];
    return bound === undefined ? [] : [{ le: Number(bound.replace('+Inf', 'Infinity')), count }];
  });
}
