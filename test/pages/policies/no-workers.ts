/** A page that allows neither workers nor WebAssembly. */
import { adoptPolicy } from './policy.js';

adoptPolicy({ 'script-src': "'self'", 'worker-src': "'none'" });
