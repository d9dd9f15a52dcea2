/**
 * Reports as one self-contained page: headline, sections, pictures as inline SVG. It needs no network and reads without
 * scripts, on a phone, in print, in light and dark. A section is a function of the content; a new one is a file and a line
 * in `SECTIONS`. Sections that few programs need come from the caller, so that others do not load them.
 */
import { aboutSection } from './about-section.js';
import { batchSizeSection } from './batch-size-section.js';
import { bottlenecksSection } from './bottlenecks-section.js';
import { indexTimeSection, magnitudeSection } from './distribution-sections.js';
import { headline } from './headline.js';
import { html, type Markup, noMarkup, trustedMarkup } from './markup.js';
import { overallSection } from './overall-section.js';
import { phasesSection } from './phases-section.js';
import { recommendationsSection } from './recommendations-section.js';
import { REPORT_STYLE } from './report-style.js';
import type { PageContent } from './shown-run.js';
import { BASE_STYLE } from './style.js';
import { threadSection } from './thread-section.js';
import { timeSection } from './time-section.js';
import { tuningSection } from './tuning-section.js';

/** A section that has nothing to say for these runs gives `noMarkup`. */
export type Section = (content: PageContent) => Markup;

/** From top to bottom. */
const SECTIONS: readonly Section[] = [
  aboutSection,
  overallSection,
  recommendationsSection,
  bottlenecksSection,
  phasesSection,
  timeSection,
  threadSection,
  indexTimeSection,
  magnitudeSection,
  batchSizeSection,
  tuningSection,
];

/** What makes a page interactive; all of it is text of this package and of uPlot. */
interface PageScript {
  readonly style: string;
  readonly code: string;
  /** SHA-256 of `code` in base64, by which the page's own policy lets it run. */
  readonly sha256: string;
}

export interface PageFrame {
  readonly title: string;
  readonly heading: string;
  readonly script?: PageScript;
  /** Sections after those that every page has. */
  readonly moreSections: readonly Section[];
}

/** A whole HTML document. */
export function reportPage(content: PageContent, { title, heading, script, moreSections }: PageFrame): string {
  // Even if something on the page could ask for a script or the network, it would get neither.
  const policy = `default-src 'none'; style-src 'unsafe-inline'${script ? `; script-src 'sha256-${script.sha256}'` : ''}`;
  return html`<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<title>${title}</title>
<style>${trustedMarkup(BASE_STYLE + REPORT_STYLE + (script?.style ?? ''))}</style>
</head>
<body>
<main>
<h1>${heading}</h1>
${headline(content)}
${[...SECTIONS, ...moreSections].map((section) => html`${section(content)}\n`)}
</main>
${script ? html`<script>${trustedMarkup(script.code)}</script>` : noMarkup}
</body>
</html>
`.toString();
}
