/**
 * Reads a report's page back: what is written on it and what is drawn, as numbers, knowing nothing of how the page is made
 * but its `data-` attributes.
 */
import { expect } from 'vitest';

const ENTITIES: Record<string, string> = { '&amp;': '&', '&lt;': '<', '&gt;': '>', '&quot;': '"', '&#39;': "'" };

function unescaped(text: string): string {
  return text.replace(/&(amp|lt|gt|quot|#39);/g, (entity) => ENTITIES[entity]!);
}

/** The text a reader sees, without style, scripts and tags. */
export function textOf(html: string): string {
  const body = html.slice(html.indexOf('<body>')).replace(/<script[\s\S]*?<\/script>/g, '');
  return unescaped(body.replace(/<[^>]*>/g, ' ').replace(/\s+/g, ' '));
}

export interface ShownFigure {
  readonly run: number;
  readonly path: string;
  readonly value: string;
  readonly text: string;
}

/** Every figure with a place in the report's JSON. */
export function figuresOf(html: string): ShownFigure[] {
  const found = html.matchAll(
    /<(span|tspan|td) data-run="(\d+)" data-path="([^"]*)" data-value="([^"]*)">(?:<span class="value">)?([^<]*)</g,
  );
  return [...found].map(([, , run, path, value, text]) => ({
    run: Number(run),
    path: unescaped(path!),
    value: value!,
    text: unescaped(text!),
  }));
}

const UNITS: Record<string, number> = {
  '': 1,
  ns: 1e-6,
  µs: 1e-3,
  ms: 1,
  s: 1e3,
  bytes: 1,
  kB: 1e3,
  MB: 1e6,
  GB: 1e9,
  TB: 1e12,
  '%': 0.01,
  'vectors/s': 1,
  vector: 1,
  vectors: 1,
  'queries/s': 1,
  thread: 1,
  threads: 1,
};

/** `4.73 µs` as milliseconds, `31.4 MB` as bytes, `64.6 %` as a ratio. */
export function readValue(text: string): number {
  if (text === 'n/a') return Number.NaN;
  const [, digits, unit] = /^(-?[\d.,]+(?:e[+-]?\d+)?) ?(.*)$/.exec(text) ?? [];
  expect(digits, text).toBeDefined();
  expect(UNITS, text).toHaveProperty([unit!]);
  return Number(digits!.replaceAll(',', '')) * UNITS[unit!]!;
}

/** Where `path` (`threadPerformance.0.minTimeMs`) leads in parsed JSON. */
export function valueAt(json: unknown, path: string): unknown {
  return path.split('.').reduce<unknown>((value, name) => (value as Record<string, unknown> | undefined)?.[name], json);
}

export interface DrawnCurve {
  readonly run: number;
  /** As drawn, turned back into values. */
  readonly points: readonly { x: number; y: number }[];
  /** Where the last step ends. */
  readonly endX: number | undefined;
}

/** The curves of a plot. A picture has 1000 places across and 150 up, to two decimals. */
export function curvesOf(html: string, plot: string): DrawnCurve[] {
  const svg = plotOf(html, plot);
  if (!svg) return [];
  const scales = scalesOf(svg);
  const height = Number(/viewBox="0 0 1000 (\d+)"/.exec(svg)![1]);
  const x = scales.x;
  const y = (down: number) => scales.y!((height - down) / height);
  const curves = svg.matchAll(/<g class="curve [^"]*" data-run="(\d+)">[\s\S]*?<path class="line" d="([^"]*)"/g);
  return [...curves].map(([, run, path]) => {
    const steps = [...path!.matchAll(/([MLHV])([\d.]+)(?: ([\d.]+))?/g)];
    const points: { x: number; y: number }[] = [];
    let endX: number | undefined;
    for (const [, command, first, second] of steps) {
      if (command === 'M' || command === 'L') points.push({ x: x(Number(first)), y: y(Number(second)) });
      else if (command === 'H') endX = x(Number(first));
      else {
        points.push({ x: endX!, y: y(Number(first)) });
        endX = undefined;
      }
    }
    return { run: Number(run), points, endX };
  });
}

/** The bars of each lane of a plot, in milliseconds. */
export function lanesOf(
  html: string,
  figure: string,
): { name: string; bars: { fromMs: number; toMs: number; title: string }[] }[] {
  const svg = plotIn(html, figure);
  if (!svg) return [];
  const { x } = scalesOf(svg);
  return [...svg.matchAll(/<g class="lane [^"]*" data-lane="([^"]*)">([\s\S]*?)<\/g>/g)].map(([, name, content]) => ({
    name: unescaped(name!),
    bars: [...content!.matchAll(/<rect[^>]* x="([\d.]+)"[^>]* width="([\d.]+)"[^>]*><title>([^<]*)</g)].map(
      ([, from, width, title]) => ({
        fromMs: x(Number(from)),
        toMs: x(Number(from) + Number(width)),
        title: unescaped(title!),
      }),
    ),
  }));
}

/** The svg of the plot of this name; undefined where words stand instead. */
function plotOf(html: string, plot: string): string | undefined {
  const start = html.indexOf(`data-plot="${plot}"`);
  return start < 0 ? undefined : html.slice(html.lastIndexOf('<svg', start), html.indexOf('</figure>', start));
}

/** The svg in the figure of this id. */
export function plotIn(html: string, figure: string): string | undefined {
  const start = html.indexOf(`<figure id="${figure}"`);
  expect(start, figure).toBeGreaterThan(0);
  const whole = html.slice(start, html.indexOf('</figure>', start));
  return whole.includes('data-plot=') ? whole.slice(whole.indexOf('data-plot=')) : undefined;
}

function scalesOf(svg: string): { x: (place: number) => number; y: ((share: number) => number) | undefined } {
  const [, xKind, xFrom, xTo] = /data-x="(\w+) (\S+) (\S+)"/.exec(svg)!;
  const y = /data-y="(\w+) (\S+) (\S+)"/.exec(svg);
  const inverse = (kind: string, from: number, to: number) => (share: number) =>
    kind === 'linear' ? from + share * (to - from) : from * (to / from) ** share;
  const x = inverse(xKind!, Number(xFrom), Number(xTo));
  return { x: (place) => x(place / 1000), y: y ? inverse(y[1]!, Number(y[2]), Number(y[3])) : undefined };
}
