// What searches are measured against: a plain read, and multiply-adds without any memory. Compiled by bench/search.mjs with
// the options of the kernel.

/** Reads `bytes` bytes, a multiple of 128, vector by vector. */
export function read(at: usize, bytes: usize): i32 {
  let a = i32x4.splat(0);
  let b = a;
  let c = a;
  let d = a;
  for (const end = at + bytes; at < end; at += 128) {
    a = v128.xor(a, v128.xor(v128.load(at), v128.load(at, 16)));
    b = v128.xor(b, v128.xor(v128.load(at, 32), v128.load(at, 48)));
    c = v128.xor(c, v128.xor(v128.load(at, 64), v128.load(at, 80)));
    d = v128.xor(d, v128.xor(v128.load(at, 96), v128.load(at, 112)));
  }
  return i32x4.extract_lane(v128.xor(v128.xor(a, b), v128.xor(c, d)), 0);
}

/** 48 multiply-adds a round, in twelve chains: as many as the registers hold beside the factors. */
export function multiplyAdd(rounds: i32, x: f32): f32 {
  const q = f32x4.splat(x);
  const r = f32x4.splat(1 - x);
  let a = f32x4.splat(0);
  let b = f32x4.splat(1);
  let c = f32x4.splat(2);
  let d = f32x4.splat(3);
  let e = f32x4.splat(4);
  let f = f32x4.splat(5);
  let g = f32x4.splat(6);
  let h = f32x4.splat(7);
  let i = f32x4.splat(8);
  let j = f32x4.splat(9);
  let k = f32x4.splat(10);
  let l = f32x4.splat(11);
  for (; rounds > 0; rounds--) {
    a = f32x4.add(f32x4.mul(a, q), r);
    b = f32x4.add(f32x4.mul(b, q), r);
    c = f32x4.add(f32x4.mul(c, q), r);
    d = f32x4.add(f32x4.mul(d, q), r);
    e = f32x4.add(f32x4.mul(e, q), r);
    f = f32x4.add(f32x4.mul(f, q), r);
    g = f32x4.add(f32x4.mul(g, q), r);
    h = f32x4.add(f32x4.mul(h, q), r);
    i = f32x4.add(f32x4.mul(i, q), r);
    j = f32x4.add(f32x4.mul(j, q), r);
    k = f32x4.add(f32x4.mul(k, q), r);
    l = f32x4.add(f32x4.mul(l, q), r);
  }
  const first = f32x4.add(f32x4.add(a, b), f32x4.add(c, d));
  const second = f32x4.add(f32x4.add(e, f), f32x4.add(g, h));
  const third = f32x4.add(f32x4.add(i, j), f32x4.add(k, l));
  return f32x4.extract_lane(f32x4.add(f32x4.add(first, second), third), 0);
}
