/** What a careful page allows: nothing but its own files, and WebAssembly. */
import { adoptPolicy } from './policy.js';

adoptPolicy({
  'default-src': "'none'",
  'script-src': "'self' 'wasm-unsafe-eval'",
  'worker-src': "'self'",
  // The test runner's own connection.
  'connect-src': "'self' ws:",
});
