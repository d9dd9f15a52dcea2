// All kernels in one module, for those who serve it themselves.
export * from './graph';
export * from './index';
export * from './search';
