import type { Remote } from '../../ami/address.js';

/** A socket's place as the translator's state keeps it, without names: it has very many. */
export type SavedRemote = [ip: string, port: number | null, transport: Remote['transport']];

export const saveRemote = ({ ip, port, transport }: Remote): SavedRemote => [ip, port, transport];

export const loadRemote = ([ip, port, transport]: SavedRemote): Remote => ({ transport, ip, port });
