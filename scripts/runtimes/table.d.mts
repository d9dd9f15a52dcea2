/** Findings about one runtime. */
interface RuntimeResult {
  readonly name: string;
  readonly version: string;
  readonly how: string;
  readonly command: string;
  readonly server: string;
}

/** The page with the table of `results` between its marks. */
export function withTable(page: string, results: readonly RuntimeResult[]): string;
