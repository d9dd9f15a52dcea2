// The race as the page shows it: a row for each kernel, the shortest round of each.
const NAMES = { javascript: 'JavaScript', scalar: 'WebAssembly', simd: 'WebAssembly SIMD' };

export function setUpRace({ form, start, cancel, phase, progress, table, onError, onBusy }) {
  let worker;

  function end(text) {
    worker?.terminate();
    worker = undefined;
    start.disabled = false;
    cancel.disabled = true;
    progress.hidden = true;
    phase.textContent = text;
    onBusy(false);
  }

  form.addEventListener('submit', (event) => {
    event.preventDefault();
    const rows = new Map();
    table.tBodies[0].replaceChildren();
    table.hidden = true;
    start.disabled = true;
    cancel.disabled = false;
    progress.hidden = false;
    progress.value = 0;
    phase.textContent = 'Racing…';
    onBusy(true);
    try {
      worker = new Worker('race-worker.js', { type: 'module' });
    } catch (error) {
      fail(error.message);
      return;
    }
    // An address that a policy blocks says no more than that.
    worker.addEventListener('error', (event) => fail(event.message || 'its worker was blocked or could not be loaded'));
    worker.addEventListener('message', ({ data }) => {
      if (data.type === 'failed') fail(data.message);
      else if (data.type === 'absent') show(rows, table, data.backend, undefined);
      else if (data.type === 'round') {
        progress.value = data.round / data.rounds;
        const best = Math.min(data.nsPerVector, rows.get(data.backend)?.best ?? Number.POSITIVE_INFINITY);
        show(rows, table, data.backend, best);
      } else end(data.agree ? 'All kernels came to the same magnitudes.' : 'The kernels disagree: that is an error.');
    });
    worker.postMessage({ dims: Number(form.elements.dims.value), order: form.elements.order.value });
  });

  function fail(message) {
    end('');
    onError({ what: `The race did not run: ${message}.`, hint: 'Indexing does without a worker where it must.' });
    start.focus();
  }

  cancel.addEventListener('click', () => {
    end('Cancelled.');
    start.focus();
  });
}

function show(rows, table, backend, best) {
  let row = rows.get(backend);
  if (!row) {
    row = makeRow(table, backend);
    rows.set(backend, row);
  }
  row.best = best;
  table.hidden = false;
  const longest = Math.max(...[...rows.values()].map(({ best: ns }) => ns ?? 0));
  const reference = rows.get('javascript')?.best;
  for (const { best: ns, bar, time, speed } of rows.values()) {
    bar.setAttribute('width', String(ns === undefined ? 0 : (100 * ns) / longest));
    time.textContent = ns === undefined ? 'not here' : duration(ns);
    speed.textContent = ns === undefined || reference === undefined ? '–' : `${(reference / ns).toFixed(1)} ×`;
  }
}

function makeRow(table, backend) {
  const row = table.tBodies[0].insertRow();
  const head = document.createElement('th');
  head.scope = 'row';
  head.textContent = NAMES[backend];
  const picture = document.createElementNS('http://www.w3.org/2000/svg', 'svg');
  picture.setAttribute('viewBox', '0 0 100 10');
  picture.setAttribute('preserveAspectRatio', 'none');
  picture.setAttribute('aria-hidden', 'true');
  const bar = document.createElementNS('http://www.w3.org/2000/svg', 'rect');
  bar.setAttribute('height', '10');
  picture.append(bar);
  row.append(head);
  const cell = row.insertCell();
  cell.className = 'race-bar';
  cell.append(picture);
  return { best: undefined, bar, time: row.insertCell(), speed: row.insertCell() };
}

function duration(ns) {
  return ns < 1000 ? `${ns.toPrecision(3)} ns` : `${(ns / 1000).toPrecision(3)} µs`;
}
