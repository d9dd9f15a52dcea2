// The page: what is chosen goes into a run, what a run tells goes onto the page.
import './simdex/monitor-element.js';
import { run } from './index-run.js';
import { explain } from './messages.js';
import { setUpRace } from './race.js';
import { refusalOf } from './vectors.js';

const byId = (id) => document.getElementById(id);
const settings = byId('settings');
const fields = settings.elements;
const drop = byId('drop');
const picker = byId('file');
const index = byId('index');
const cancel = byId('cancel');
const error = byId('error');

/** The file that was chosen last. */
let file;
/** Ends the run under way; undefined without one. */
let controller;
/** Report of the last run. */
let report;

// What this browser has.

const chips = byId('machine');
function chip(text, lacking = false) {
  const item = document.createElement('li');
  item.textContent = text;
  item.classList.toggle('lacking', lacking);
  chips.append(item);
  return item;
}
const isolated = globalThis.crossOriginIsolated === true;
chip(`${navigator.hardwareConcurrency ?? 1} cores`);
chip(isolated ? 'shared memory' : 'no shared memory: one worker', !isolated);
const kernelChip = chip('kernel: known after a run');
for (let threads = 1; threads <= Math.min(8, navigator.hardwareConcurrency ?? 1); threads++) {
  fields.threads.add(new Option(threads, threads));
}
// A device that says how little it has gets a bound that leaves it room.
if (navigator.deviceMemory <= 1) fields.memory.value = '256';

// Errors.

function showError({ what, hint }) {
  error.querySelector('.what').textContent = what;
  error.querySelector('.hint').textContent = hint;
  error.hidden = false;
  error.scrollIntoView({ block: 'nearest' });
}
function hideError() {
  error.hidden = true;
}
error.querySelector('button').addEventListener('click', () => {
  hideError();
  index.focus();
});

// The source.

function takeFiles(files) {
  hideError();
  const [first] = files;
  if (!first) return;
  const refusal = files.length > 1 ? `These are ${files.length} files: one at a time.` : refusalOf(first);
  if (refusal) {
    showError({ what: refusal, hint: 'Choose a .npy, .fvecs, .csv or .jsonl file.' });
    return;
  }
  file = first;
  fields.source.value = 'file';
  drop.querySelector('.drop-name').textContent = file.name;
  drop.querySelector('.drop-hint').textContent = `${bytes(file.size)}, choose or drop another to replace it`;
}
drop.addEventListener('click', () => picker.click());
picker.addEventListener('change', () => {
  takeFiles(picker.files);
  // Or the same file could not be chosen again after it was mended.
  picker.value = '';
});
// Files dropped beside the zone would replace the page.
addEventListener('dragover', (event) => {
  event.preventDefault();
  drop.classList.toggle('over', drop.contains(event.target) && !controller);
});
addEventListener('dragleave', () => drop.classList.remove('over'));
addEventListener('drop', (event) => {
  event.preventDefault();
  drop.classList.remove('over');
  if (!controller && event.dataTransfer) takeFiles(event.dataTransfer.files);
});

// A run.

/** What the form says; throws a sentence for what it must not say. */
function readSettings() {
  const source = fields.source.value;
  if (source === 'file' && !file) throw new Error('No file is chosen yet.');
  if (source === 'generate') {
    for (const name of ['count', 'dims', 'seed']) {
      const field = fields[name];
      const label = field.labels[0].textContent.trim();
      if (!field.checkValidity()) {
        field.focus();
        throw new Error(`${label} must be a whole number from ${field.min} to ${whole(Number(field.max))}.`);
      }
    }
  }
  const threads = fields.threads.value;
  return {
    source,
    file,
    count: fields.count.valueAsNumber,
    dims: fields.dims.valueAsNumber,
    seed: fields.seed.valueAsNumber,
    order: fields.order.value,
    onInvalid: fields.onInvalid.value,
    threads: threads === 'auto' ? 'auto' : Number(threads),
    kernel: fields.kernel.value,
    memoryBytes: Number(fields.memory.value) * 2 ** 20,
  };
}

function setBusy(busy) {
  index.disabled = busy;
  cancel.disabled = !busy;
  for (const field of fields) if (field !== cancel && field !== index) field.disabled = busy;
  byId('race-start').disabled = busy;
}

function showProgress(share, text) {
  byId('progress').value = share;
  byId('amount').textContent = text;
}

settings.addEventListener('submit', async (event) => {
  event.preventDefault();
  hideError();
  let chosen;
  try {
    chosen = readSettings();
  } catch (refusal) {
    showError({ what: refusal.message, hint: '' });
    return;
  }
  controller = new AbortController();
  setBusy(true);
  // The button that was pressed can't hold the focus any more.
  cancel.focus();
  byId('result').hidden = true;
  showProgress(0, '');
  const phase = byId('phase');
  const told = byId('told');
  told.textContent = 'Started.';
  phase.textContent = 'Starting threads';
  try {
    const outcome = await run(chosen, {
      signal: controller.signal,
      onMonitor: (monitor) => {
        byId('monitor').monitor = monitor;
        byId('monitor').hidden = false;
      },
      onPhase: (text) => {
        phase.textContent = text;
      },
      onProgress: showProgress,
      onWarning: (text) => console.warn(text),
    });
    const { totalVectors } = outcome.report;
    phase.textContent = 'Done';
    showProgress(1, `${whole(totalVectors)} vectors`);
    told.textContent = `Done: ${whole(totalVectors)} vectors.`;
    showResult(outcome);
    setBusy(false);
    byId('result-heading').focus({ preventScroll: true });
  } catch (failure) {
    const cancelled = controller.signal.aborted;
    phase.textContent = cancelled ? 'Cancelled' : 'Failed';
    told.textContent = phase.textContent;
    if (!cancelled) showError(explain(failure, { fileName: chosen.source === 'file' ? file.name : undefined }));
    setBusy(false);
    index.focus({ preventScroll: true });
  } finally {
    controller = undefined;
  }
});
cancel.addEventListener('click', () => controller?.abort());

// The result.

function showResult({ report: made, magnitudes, backend }) {
  report = made;
  kernelChip.textContent = `kernel: ${backend.kernel}`;
  kernelChip.classList.toggle('lacking', backend.kernel === 'javascript');
  const rows = [
    ['Vectors indexed', whole(made.totalVectors)],
    ['Rejected', whole(made.rejectedCount)],
    ['Time', duration(made.totalTimeMs)],
    ['Vectors per second', whole(Math.round(made.vectorsPerSecond))],
    ['Score', `${made.calculatePerformanceScore()} of 100`],
    ['Threads', `${backend.threads}, ${backend.shared ? 'shared memory' : 'own memory'}`],
  ];
  if (magnitudes.count > 0) {
    rows.push(
      ['Smallest magnitude', magnitudes.min.toPrecision(7)],
      ['Mean magnitude', magnitudes.mean.toPrecision(7)],
      ['Largest magnitude', magnitudes.max.toPrecision(7)],
    );
  }
  byId('figures').replaceChildren(...rows.map(figure));
  byId('report').srcdoc = made.toHtml();
  byId('result').hidden = false;
}

function figure([name, value]) {
  const term = document.createElement('dt');
  term.textContent = name;
  const description = document.createElement('dd');
  description.textContent = value;
  const group = document.createElement('div');
  group.append(term, description);
  return group;
}

function save(text, type, name) {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(new Blob([text], { type }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}
byId('save-html').addEventListener('click', () => save(report.toHtml(), 'text/html', 'simdex-report.html'));
byId('save-json').addEventListener('click', () =>
  save(JSON.stringify(report, null, 2), 'application/json', 'simdex-report.json'),
);

// The race.

setUpRace({
  form: byId('race'),
  start: byId('race-start'),
  cancel: byId('race-cancel'),
  phase: byId('race-phase'),
  progress: byId('race-progress'),
  table: byId('race-table'),
  onError: showError,
  // One thing at a time: they would take each other's cores.
  onBusy: (busy) => {
    index.disabled = busy;
  },
});

// Figures.

function whole(number) {
  return number.toLocaleString('en');
}

function bytes(size) {
  const [divisor, unit] = [
    [1e9, 'GB'],
    [1e6, 'MB'],
    [1e3, 'kB'],
  ].find(([limit]) => size >= limit) ?? [1, 'bytes'];
  return `${(size / divisor).toLocaleString('en', { maximumSignificantDigits: 3 })} ${unit}`;
}

function duration(ms) {
  return ms < 1000 ? `${ms.toPrecision(3)} ms` : `${(ms / 1000).toPrecision(3)} s`;
}
