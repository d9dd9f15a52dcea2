/**
 * A table whose columns are buttons that sort its rows: by the values in `data-value`, ascending first, descending next.
 * Cells without a value come last either way; equal ones stay as they are.
 */

export function makeSortable(table: HTMLTableElement): void {
  const headers = [...table.querySelectorAll<HTMLTableCellElement>('thead th')];
  for (const [column, header] of headers.entries()) {
    const button = document.createElement('button');
    button.type = 'button';
    button.append(...header.childNodes);
    header.append(button);
    button.addEventListener('click', () => {
      const ascending = header.getAttribute('aria-sort') !== 'ascending';
      sortBy(table, column, ascending);
      for (const other of headers) other.removeAttribute('aria-sort');
      header.setAttribute('aria-sort', ascending ? 'ascending' : 'descending');
    });
  }
}

function sortBy(table: HTMLTableElement, column: number, ascending: boolean): void {
  const body = table.tBodies[0]!;
  const rows = [...body.rows].map((row) => ({ row, value: cellValue(row.cells[column]) }));
  rows.sort((a, b) => {
    if (Number.isNaN(a.value) || Number.isNaN(b.value))
      return Number(Number.isNaN(a.value)) - Number(Number.isNaN(b.value));
    return ascending ? a.value - b.value : b.value - a.value;
  });
  body.append(...rows.map(({ row }) => row));
}

function cellValue(cell: HTMLTableCellElement | undefined): number {
  const text = cell?.dataset['value'];
  return text === undefined || text === '' ? Number.NaN : Number(text);
}
