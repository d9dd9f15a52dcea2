// The picture of the README: vectors indexed in a second, from a row of the recorded results.

const DIMS = '384';
const [WIDTH, LEFT, BAR, GAP, TOP] = [720, 190, 34, 14, 46];

/** An SVG of its own, light and dark. `results` is the text of bench/RESULTS.md. */
export function speedChart(results) {
  const bars = speeds(results);
  const height = TOP + bars.length * (BAR + GAP) + 6;
  const most = Math.max(...bars.map(({ perSecond }) => perSecond));
  const scale = (WIDTH - LEFT - 190) / most;
  const rows = bars.map(({ name, perSecond, factor }, i) => {
    const y = TOP + i * (BAR + GAP);
    const width = Math.max(2, perSecond * scale).toFixed(1);
    const middle = y + BAR / 2 + 5;
    return [
      `  <text x="${LEFT - 12}" y="${middle}" text-anchor="end">${name}</text>`,
      `  <rect class="${i < 1 ? 'other' : 'simdex'}" x="${LEFT}" y="${y}" width="${width}" height="${BAR}" rx="3"/>`,
      `  <text x="${(LEFT + Number(width) + 10).toFixed(1)}" y="${middle}">${perSecond.toLocaleString('en')}/s${factor}</text>`,
    ].join('\n');
  });
  const said = bars.map(({ name, perSecond }) => `${name} ${perSecond.toLocaleString('en')}`).join(', ');
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" role="img" font-family="system-ui, sans-serif" font-size="15">
  <title>Vectors in a second: ${said}</title>
  <style>
    text { fill: #1f2328 } .other { fill: #9aa4af } .simdex { fill: #2a6fdb }
    @media (prefers-color-scheme: dark) { text { fill: #e6edf3 } .other { fill: #6e7681 } .simdex { fill: #58a6ff } }
  </style>
  <text x="0" y="20">Magnitude, unit vector and sort of ${DIMS} components: vectors in a second, two Intel cores</text>
${rows.join('\n')}
</svg>
`;
}

/** Speeds in the table of the benchmark suite: | dims | JavaScript ns | scalar WASM ns | SIMD WASM ns | SIMD × 2 ns | ... */
function speeds(results) {
  const suite = results.slice(results.indexOf('## The benchmark suite'));
  const row = suite.match(new RegExp(`^\\| ${DIMS} \\|(.*)$`, 'm'));
  if (!row) throw new Error(`bench/RESULTS.md has no row of ${DIMS} dims in "The benchmark suite"`);
  const times = row[1].split('|', 4).map((cell) => Number(cell.replaceAll(',', '')));
  const names = ['JavaScript', 'WebAssembly', 'with SIMD', 'with SIMD, 2 threads'];
  return times.map((ns, i) => ({
    name: names[i],
    perSecond: Number((1e9 / ns).toPrecision(3)),
    factor: i === 0 ? '' : ` (${(times[0] / ns).toFixed(i < 2 ? 1 : 0)} ×)`,
  }));
}
