// A warning of a bundler is a failure: whoever builds a program reads it, and cannot do anything about it.

/** Throws when there are any. */
export function refuseWarnings(warnings) {
  if (warnings.length > 0) throw new Error(`the bundler warns: ${warnings.join('\n')}`);
}

/** For webpack and Rspack. */
export function requireNoWarnings(stats) {
  if (stats.hasErrors()) throw new Error(stats.toString({ all: false, errors: true }));
  if (stats.hasWarnings()) refuseWarnings([stats.toString({ all: false, warnings: true })]);
}

/** For Vite, Rollup included: keeps what it warns of in `warnings`. */
export function warningLog() {
  const warnings = [];
  const warn = (message) => void warnings.push(message);
  return {
    warnings,
    hasWarned: false,
    info: () => undefined,
    warn,
    warnOnce: warn,
    error: warn,
    clearScreen: () => undefined,
    hasErrorLogged: () => false,
  };
}
