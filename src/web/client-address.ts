import type { Request } from 'express';

/**
 * Where a request comes from, as `trust proxy` lets Express see it. An IPv4 client on a socket that
 * listens for both is `::ffff:203.0.113.7` to Node, and shown as IPv4.
 */
export function clientAddress(request: Request): string {
  return request.ip === undefined ? '' : plainAddress(request.ip);
}

export const plainAddress = (ip: string): string => ip.replace(/^::ffff:(?=\d+\.\d+\.\d+\.\d+$)/i, '');
