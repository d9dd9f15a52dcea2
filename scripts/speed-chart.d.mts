/** An SVG of its own, light and dark. `results` is the text of bench/RESULTS.md. */
export function speedChart(results: string): string;
