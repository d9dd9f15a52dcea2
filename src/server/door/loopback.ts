/**
 * Which names and addresses mean this machine and no other.
 */
import { BlockList, isIP } from 'node:net';

const loopback = new BlockList();
loopback.addSubnet('127.0.0.0', 8, 'ipv4');
loopback.addAddress('::1', 'ipv6');

/** An address in numbers, IPv4 in IPv6 included. */
export function isLoopbackAddress(address: string): boolean {
  const plain = address.replace(/^::ffff:(?=\d+\.\d+\.\d+\.\d+$)/i, '');
  const version = isIP(plain);
  return version !== 0 && loopback.check(plain, version === 4 ? 'ipv4' : 'ipv6');
}

/** A name or an address to listen at. No name but `localhost` is trusted: others mean what a name server says. */
export function isLoopbackHost(host: string): boolean {
  return isLoopbackName(host) || isLoopbackAddress(host.replace(/^\[(.*)\]$/, '$1'));
}

/**
 * The field `Host` of a request, with or without a port. A page whose name was bound anew to 127.0.0.1 sends its own name here, so
 * a foreign name is what tells it apart.
 */
export function isLoopbackHostField(field: string): boolean {
  const [, name] = /^(\[[\da-f:.]+\]|[^:[\]@/?#\\\s]+)(?::\d{1,5})?$/i.exec(field) ?? [];
  return name !== undefined && isLoopbackHost(name);
}

function isLoopbackName(name: string): boolean {
  return /^(.+\.)?localhost\.?$/i.test(name);
}
