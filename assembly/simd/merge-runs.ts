// Whole merges of short runs, in registers: eight rows with eight, 16 with 16. The rows of the halves are loaded in
// the order in which the fewest are in registers at a time, 9 and 17 (found by trying all orders); x86-64 has 15 to
// give, so the second one stores some of them in between, still far less than another pass would.
import { lower, upper } from './lanes';
import { ROW } from './scratch';

/** Merges sorted runs of eight rows from `start` to `end`, a multiple of 16 rows. 25 comparators each. */
export function mergeEights(start: usize, end: usize): void {
  for (let at = start; at < end; at += 16 * ROW) {
    let x0 = v128.load(at);
    let x8 = v128.load(at + 8 * ROW);
    v128.store(at, lower(x0, x8));
    x8 = upper(x0, x8);

    let x1 = v128.load(at + ROW);
    let x9 = v128.load(at + 9 * ROW);
    let low = lower(x1, x9); x9 = upper(x1, x9); x1 = low;

    let x2 = v128.load(at + 2 * ROW);
    let x10 = v128.load(at + 10 * ROW);
    low = lower(x2, x10); x10 = upper(x2, x10); x2 = low;

    let x4 = v128.load(at + 4 * ROW);
    let x12 = v128.load(at + 12 * ROW);
    low = lower(x4, x12); x12 = upper(x4, x12); x4 = low;
    low = lower(x4, x8); x8 = upper(x4, x8); x4 = low;
    low = lower(x2, x4); x4 = upper(x2, x4); x2 = low;
    v128.store(at + ROW, lower(x1, x2));
    v128.store(at + 2 * ROW, upper(x1, x2));

    let x3 = v128.load(at + 3 * ROW);
    let x11 = v128.load(at + 11 * ROW);
    low = lower(x3, x11); x11 = upper(x3, x11); x3 = low;

    let x5 = v128.load(at + 5 * ROW);
    let x13 = v128.load(at + 13 * ROW);
    low = lower(x5, x13); x13 = upper(x5, x13); x5 = low;
    low = lower(x5, x9); x9 = upper(x5, x9); x5 = low;
    low = lower(x3, x5); x5 = upper(x3, x5); x3 = low;
    v128.store(at + 3 * ROW, lower(x3, x4));
    v128.store(at + 4 * ROW, upper(x3, x4));

    let x6 = v128.load(at + 6 * ROW);
    let x14 = v128.load(at + 14 * ROW);
    low = lower(x6, x14); x14 = upper(x6, x14); x6 = low;
    low = lower(x6, x10); x10 = upper(x6, x10); x6 = low;
    low = lower(x6, x8); x8 = upper(x6, x8); x6 = low;
    low = lower(x10, x12); x12 = upper(x10, x12); x10 = low;
    v128.store(at + 5 * ROW, lower(x5, x6));
    v128.store(at + 6 * ROW, upper(x5, x6));

    let x7 = v128.load(at + 7 * ROW);
    let x15 = v128.load(at + 15 * ROW);
    v128.store(at + 15 * ROW, upper(x7, x15));
    x7 = lower(x7, x15);
    low = lower(x7, x11); x11 = upper(x7, x11); x7 = low;
    low = lower(x7, x9); x9 = upper(x7, x9); x7 = low;
    low = lower(x11, x13); x13 = upper(x11, x13); x11 = low;
    v128.store(at + 7 * ROW, lower(x7, x8));
    v128.store(at + 8 * ROW, upper(x7, x8));
    v128.store(at + 9 * ROW, lower(x9, x10));
    v128.store(at + 10 * ROW, upper(x9, x10));
    v128.store(at + 11 * ROW, lower(x11, x12));
    v128.store(at + 12 * ROW, upper(x11, x12));
    v128.store(at + 13 * ROW, lower(x13, x14));
    v128.store(at + 14 * ROW, upper(x13, x14));
  }
}

/** Merges sorted runs of 16 rows from `start` to `end`, a multiple of 32 rows. 65 comparators each. */
export function mergeSixteens(start: usize, end: usize): void {
  for (let at = start; at < end; at += 32 * ROW) {
    let x0 = v128.load(at);
    let x16 = v128.load(at + 16 * ROW);
    v128.store(at, lower(x0, x16));
    x16 = upper(x0, x16);

    let x1 = v128.load(at + ROW);
    let x17 = v128.load(at + 17 * ROW);
    let low = lower(x1, x17); x17 = upper(x1, x17); x1 = low;

    let x2 = v128.load(at + 2 * ROW);
    let x18 = v128.load(at + 18 * ROW);
    low = lower(x2, x18); x18 = upper(x2, x18); x2 = low;

    let x4 = v128.load(at + 4 * ROW);
    let x20 = v128.load(at + 20 * ROW);
    low = lower(x4, x20); x20 = upper(x4, x20); x4 = low;

    let x8 = v128.load(at + 8 * ROW);
    let x24 = v128.load(at + 24 * ROW);
    low = lower(x8, x24); x24 = upper(x8, x24); x8 = low;
    low = lower(x8, x16); x16 = upper(x8, x16); x8 = low;
    low = lower(x4, x8); x8 = upper(x4, x8); x4 = low;
    low = lower(x2, x4); x4 = upper(x2, x4); x2 = low;
    v128.store(at + ROW, lower(x1, x2));
    v128.store(at + 2 * ROW, upper(x1, x2));

    let x3 = v128.load(at + 3 * ROW);
    let x19 = v128.load(at + 19 * ROW);
    low = lower(x3, x19); x19 = upper(x3, x19); x3 = low;

    let x5 = v128.load(at + 5 * ROW);
    let x21 = v128.load(at + 21 * ROW);
    low = lower(x5, x21); x21 = upper(x5, x21); x5 = low;

    let x9 = v128.load(at + 9 * ROW);
    let x25 = v128.load(at + 25 * ROW);
    low = lower(x9, x25); x25 = upper(x9, x25); x9 = low;
    low = lower(x9, x17); x17 = upper(x9, x17); x9 = low;
    low = lower(x5, x9); x9 = upper(x5, x9); x5 = low;
    low = lower(x3, x5); x5 = upper(x3, x5); x3 = low;
    v128.store(at + 3 * ROW, lower(x3, x4));
    v128.store(at + 4 * ROW, upper(x3, x4));

    let x6 = v128.load(at + 6 * ROW);
    let x22 = v128.load(at + 22 * ROW);
    low = lower(x6, x22); x22 = upper(x6, x22); x6 = low;

    let x10 = v128.load(at + 10 * ROW);
    let x26 = v128.load(at + 26 * ROW);
    low = lower(x10, x26); x26 = upper(x10, x26); x10 = low;
    low = lower(x10, x18); x18 = upper(x10, x18); x10 = low;
    low = lower(x6, x10); x10 = upper(x6, x10); x6 = low;
    low = lower(x6, x8); x8 = upper(x6, x8); x6 = low;
    v128.store(at + 5 * ROW, lower(x5, x6));
    v128.store(at + 6 * ROW, upper(x5, x6));

    let x7 = v128.load(at + 7 * ROW);
    let x23 = v128.load(at + 23 * ROW);
    low = lower(x7, x23); x23 = upper(x7, x23); x7 = low;

    let x11 = v128.load(at + 11 * ROW);
    let x27 = v128.load(at + 27 * ROW);
    low = lower(x11, x27); x27 = upper(x11, x27); x11 = low;
    low = lower(x11, x19); x19 = upper(x11, x19); x11 = low;
    low = lower(x7, x11); x11 = upper(x7, x11); x7 = low;
    low = lower(x7, x9); x9 = upper(x7, x9); x7 = low;
    v128.store(at + 7 * ROW, lower(x7, x8));
    v128.store(at + 8 * ROW, upper(x7, x8));

    let x12 = v128.load(at + 12 * ROW);
    let x28 = v128.load(at + 28 * ROW);
    low = lower(x12, x28); x28 = upper(x12, x28); x12 = low;
    low = lower(x12, x20); x20 = upper(x12, x20); x12 = low;
    low = lower(x12, x16); x16 = upper(x12, x16); x12 = low;
    low = lower(x20, x24); x24 = upper(x20, x24); x20 = low;
    low = lower(x10, x12); x12 = upper(x10, x12); x10 = low;
    v128.store(at + 9 * ROW, lower(x9, x10));
    v128.store(at + 10 * ROW, upper(x9, x10));

    let x13 = v128.load(at + 13 * ROW);
    let x29 = v128.load(at + 29 * ROW);
    low = lower(x13, x29); x29 = upper(x13, x29); x13 = low;
    low = lower(x13, x21); x21 = upper(x13, x21); x13 = low;
    low = lower(x13, x17); x17 = upper(x13, x17); x13 = low;
    low = lower(x21, x25); x25 = upper(x21, x25); x21 = low;
    low = lower(x11, x13); x13 = upper(x11, x13); x11 = low;
    v128.store(at + 11 * ROW, lower(x11, x12));
    v128.store(at + 12 * ROW, upper(x11, x12));

    let x14 = v128.load(at + 14 * ROW);
    let x30 = v128.load(at + 30 * ROW);
    low = lower(x14, x30); x30 = upper(x14, x30); x14 = low;
    low = lower(x14, x22); x22 = upper(x14, x22); x14 = low;
    low = lower(x14, x18); x18 = upper(x14, x18); x14 = low;
    low = lower(x22, x26); x26 = upper(x22, x26); x22 = low;
    low = lower(x14, x16); x16 = upper(x14, x16); x14 = low;
    low = lower(x18, x20); x20 = upper(x18, x20); x18 = low;
    low = lower(x22, x24); x24 = upper(x22, x24); x22 = low;
    low = lower(x26, x28); x28 = upper(x26, x28); x26 = low;
    v128.store(at + 13 * ROW, lower(x13, x14));
    v128.store(at + 14 * ROW, upper(x13, x14));

    let x15 = v128.load(at + 15 * ROW);
    let x31 = v128.load(at + 31 * ROW);
    v128.store(at + 31 * ROW, upper(x15, x31));
    x15 = lower(x15, x31);
    low = lower(x15, x23); x23 = upper(x15, x23); x15 = low;
    low = lower(x15, x19); x19 = upper(x15, x19); x15 = low;
    low = lower(x23, x27); x27 = upper(x23, x27); x23 = low;
    low = lower(x15, x17); x17 = upper(x15, x17); x15 = low;
    low = lower(x19, x21); x21 = upper(x19, x21); x19 = low;
    low = lower(x23, x25); x25 = upper(x23, x25); x23 = low;
    low = lower(x27, x29); x29 = upper(x27, x29); x27 = low;
    v128.store(at + 15 * ROW, lower(x15, x16));
    v128.store(at + 16 * ROW, upper(x15, x16));
    v128.store(at + 17 * ROW, lower(x17, x18));
    v128.store(at + 18 * ROW, upper(x17, x18));
    v128.store(at + 19 * ROW, lower(x19, x20));
    v128.store(at + 20 * ROW, upper(x19, x20));
    v128.store(at + 21 * ROW, lower(x21, x22));
    v128.store(at + 22 * ROW, upper(x21, x22));
    v128.store(at + 23 * ROW, lower(x23, x24));
    v128.store(at + 24 * ROW, upper(x23, x24));
    v128.store(at + 25 * ROW, lower(x25, x26));
    v128.store(at + 26 * ROW, upper(x25, x26));
    v128.store(at + 27 * ROW, lower(x27, x28));
    v128.store(at + 28 * ROW, upper(x27, x28));
    v128.store(at + 29 * ROW, lower(x29, x30));
    v128.store(at + 30 * ROW, upper(x29, x30));
  }
}
