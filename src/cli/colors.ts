import type { WriteStream } from 'node:tty';
import pc from 'picocolors';

/** Colours where `stream` is a terminal; NO_COLOR and FORCE_COLOR decide otherwise. */
export function colorsFor(stream: Pick<WriteStream, 'isTTY'>) {
  return pc.createColors(wantsColors(stream));
}

function wantsColors({ isTTY }: Pick<WriteStream, 'isTTY'>): boolean {
  const { NO_COLOR, FORCE_COLOR, TERM } = process.env;
  if (NO_COLOR) return false;
  if (FORCE_COLOR !== undefined) return FORCE_COLOR !== '0' && FORCE_COLOR !== 'false';
  return isTTY === true && TERM !== 'dumb';
}
