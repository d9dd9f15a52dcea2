/**
 * The compilers of Fastify for JSON schemas, loaded and run when a route is asked for the first time. Most starts of a server need few of its schemas, and
 * loading the compilers and running them for all takes a third of a start without data.
 */
import { createRequire } from 'node:module';
import type { FastifySchemaCompiler, FastifySerializerCompiler, FastifyServerOptions } from 'fastify';

/** What builds a compiler, of the schemas that all routes share and the options of the server. */
type Build<Compiler> = (...options: readonly unknown[]) => Compiler;
type Validate = ReturnType<FastifySchemaCompiler<unknown>>;

const buildValidator: Build<FastifySchemaCompiler<unknown>> = (...options) => {
  const compiler = once(() => load<typeof buildValidator>('@fastify/ajv-compiler')(...options));
  return (route) => {
    const compiled = once(() => compiler()(route));
    const check: Validate = (data) => {
      const validate = compiled();
      const result = validate(data);
      check.errors = validate.errors ?? null;
      return result;
    };
    return check;
  };
};

const buildSerializer: Build<FastifySerializerCompiler<unknown>> = (...options) => {
  const compiler = once(() => load<typeof buildSerializer>('@fastify/fast-json-stringify-compiler')(...options));
  return (route) => {
    const compiled = once(() => compiler()(route));
    return (data) => compiled()(data);
  };
};

/** An option of `fastify()`. A schema that cannot be compiled fails the requests of its route. */
export const schemaController = { compilersFactory: { buildValidator, buildSerializer } } as NonNullable<
  FastifyServerOptions['schemaController']
>;

/** Makes a builder by a package that Fastify depends on, and that need not be in reach of this file. */
function load<T>(name: string): T {
  const { resolve } = createRequire(import.meta.url);
  const create = createRequire(resolve('fastify'))(name) as () => T;
  return create();
}

function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}
