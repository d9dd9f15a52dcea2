// Connections that send one request after another: made to cost little, since the load and the server share the processors. Requests are
// bytes that were made before; of an answer the status is looked at, and all of it is read.
import { connect } from 'node:net';

const END_OF_HEAD = '\r\n\r\n';

/** The bytes of a request whose body is JSON. */
export const requestBytes = (method, path, body) =>
  Buffer.from(
    `${method} ${path} HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  );

/** `count` connections to a server, each a function that sends a request and resolves with the body of its answer. */
export const openConnections = (url, count) => Array.from({ length: count }, () => openConnection(url));

function openConnection(url) {
  const { hostname, port } = new URL(url);
  const socket = connect({ host: hostname, port: Number(port), noDelay: true });
  let answer = Buffer.alloc(0);
  let settle;
  const fail = (error) => settle?.reject(error);
  socket.on('error', fail);
  socket.on('close', () => fail(new Error('the server closed a connection')));
  socket.on('data', (piece) => {
    answer = answer.length === 0 ? piece : Buffer.concat([answer, piece]);
    const end = answer.indexOf(END_OF_HEAD);
    if (end === -1) return;
    const head = answer.latin1Slice(0, end);
    const [, length] = /content-length: (\d+)/i.exec(head) ?? [];
    const bodyAt = end + END_OF_HEAD.length;
    if (length === undefined) return fail(new Error(`an answer without a length: ${head}`));
    if (answer.length < bodyAt + Number(length)) return;
    const body = answer.subarray(bodyAt);
    answer = Buffer.alloc(0);
    if (head.startsWith('HTTP/1.1 200 ')) settle.resolve(body);
    else fail(new Error(`${head.split('\r\n', 1)}: ${body}`));
  });
  return (bytes) =>
    new Promise((resolve, reject) => {
      settle = { resolve, reject };
      socket.write(bytes);
    });
}
