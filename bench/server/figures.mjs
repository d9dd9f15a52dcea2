// Statistics of measured numbers, and the table that they are told in.
export const median = (numbers) => [...numbers].sort((a, b) => a - b)[numbers.length >> 1];
export const percentile = (numbers, share) =>
  [...numbers].sort((a, b) => a - b)[Math.floor(share * (numbers.length - 1))];
export const spread = (numbers) =>
  `${median(numbers).toFixed(2)} (${Math.min(...numbers).toFixed(2)} to ${Math.max(...numbers).toFixed(2)})`;
export const whole = (number) => Math.round(number).toLocaleString('en');

const rowsOfTable = [];
export function tell(what, figure, beside, ratio, wanted) {
  rowsOfTable.push(`| ${what} | ${figure} | ${beside} | ${ratio} | ${wanted} |`);
  console.error(`${what}: ${figure}; ${beside}; ${ratio} (${wanted})`);
}

export const table = () =>
  `| what | server | beside | ratio | wanted |\n| --- | --- | --- | --- | --- |\n${rowsOfTable.join('\n')}`;
