/**
 * `<simdex-monitor>` shows a monitor live: one in this page (property `monitor`), or one in another process (attribute `src`,
 * the URL of its server-sent events). With `shows="workers"` it speaks of workers and shards, not of threads and batches.
 *
 * It reads, draws and holds timers only while it is in a document. It draws at most once for each frame, once a second for
 * people who prefer reduced motion, and not at all in a tab in the background. What it keeps is bounded, however long it runs.
 */
import type { MonitorUpdate } from '../../monitoring/monitor-update.js';
import type { MonitorSource } from '../server-sent-events.js';
import { type Connection, type Feed, followMonitor, followUrl } from './feeds.js';
import { LiveState } from './live-state.js';
import { MonitorView } from './monitor-view.js';
import { monitorStyle } from './style.js';
import { wordsFor } from './words.js';

/** Where there are no elements (a server that renders pages) the module can still be imported. */
const ElementBase: typeof HTMLElement = globalThis.HTMLElement ?? class {};

/** Time between two pictures for who prefers reduced motion. */
const CALM_MS = 1000;

/** `<simdex-monitor>`: shows a monitor live, one in this page (property `monitor`) or one elsewhere (attribute `src`). */
export class SimdexMonitorElement extends ElementBase {
  static readonly observedAttributes = ['src', 'shows'];

  readonly #root: ShadowRoot;
  #view: MonitorView;
  #state = new LiveState();
  #monitor: MonitorSource | undefined;
  #feed: Feed | undefined;
  #paused = false;
  #frame: number | undefined;
  /** Runs while the picture must hold still. */
  #calm: ReturnType<typeof setTimeout> | undefined;
  #drawAfterCalm = false;

  constructor() {
    super();
    this.#root = this.attachShadow({ mode: 'open' });
    this.#root.adoptedStyleSheets = [monitorStyle()];
    this.#view = this.#createView();
  }

  /** The monitor of an indexer in this page, as `enableRealTimeMonitoring()` gives it. Comes before `src`. */
  get monitor(): MonitorSource | undefined {
    return this.#monitor;
  }

  set monitor(monitor: MonitorSource | undefined) {
    this.#monitor = monitor;
    this.#follow();
  }

  /** URL of server-sent events, as `serverSentEvents` of `simdex/monitor-events` writes them. */
  get src(): string {
    return this.getAttribute('src') ?? '';
  }

  set src(url: string) {
    this.setAttribute('src', url);
  }

  /** Called by the page: begins to read and draw. */
  connectedCallback(): void {
    // Set before the element was defined, they hide the accessors.
    for (const name of ['monitor', 'src'] as const) {
      const own = Object.getOwnPropertyDescriptor(this, name);
      if (!own) continue;
      Reflect.deleteProperty(this, name);
      Reflect.set(this, name, own.value);
    }
    this.#follow();
  }

  /** Called by the page: stops. */
  disconnectedCallback(): void {
    this.#unfollow();
  }

  /** Called by the page: reads from where `src` now says, and uses the words that `shows` asks for. */
  attributeChangedCallback(name: string): void {
    if (name === 'shows') {
      this.#view = this.#createView();
      this.#paused = false;
    }
    if (name === 'shows' || !this.#monitor) this.#follow();
  }

  #createView(): MonitorView {
    const view = new MonitorView(wordsFor(this.getAttribute('shows')), (paused) => {
      this.#paused = paused;
      if (!paused) this.#draw();
    });
    this.#root.replaceChildren(view.root);
    view.showConnection(undefined);
    view.show(this.#state);
    return view;
  }

  /** Begins anew, with what is set now. */
  #follow(): void {
    this.#unfollow();
    if (!this.isConnected) return;
    this.#state = new LiveState();
    const listener = {
      begin: () => this.#state.awaitAlerts(),
      take: (update: MonitorUpdate) => this.#take(update),
      connection: (connection: Connection) => {
        this.#view.showConnection(connection);
        this.#draw();
      },
    };
    if (this.#monitor) this.#feed = followMonitor(this.#monitor, listener);
    else if (this.src !== '') this.#feed = followUrl(this.src, listener);
    else this.#view.showConnection(undefined);
    this.#draw();
  }

  #unfollow(): void {
    this.#feed?.close();
    this.#feed = undefined;
    if (this.#frame !== undefined) cancelAnimationFrame(this.#frame);
    this.#frame = undefined;
    clearTimeout(this.#calm);
    this.#calm = undefined;
  }

  #take(update: MonitorUpdate): void {
    const sentence = this.#state.take(update, performance.now());
    if (sentence && !this.#paused) this.#view.tell(sentence);
    this.#draw();
  }

  #draw(): void {
    if (this.#paused || !this.isConnected || this.#frame !== undefined) return;
    if (this.#calm !== undefined) {
      this.#drawAfterCalm = true;
      return;
    }
    this.#frame = requestAnimationFrame(() => {
      this.#frame = undefined;
      if (this.#paused) return;
      this.#view.show(this.#state);
      if (matchMedia('(prefers-reduced-motion: reduce)').matches) this.#holdStill();
    });
  }

  #holdStill(): void {
    this.#drawAfterCalm = false;
    this.#calm = setTimeout(() => {
      this.#calm = undefined;
      if (this.#drawAfterCalm) this.#draw();
    }, CALM_MS);
  }
}
