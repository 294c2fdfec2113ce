import { connect as connectTcp, isIP, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';

export interface PbxAddress {
  readonly host: string;
  readonly port: number;
  /** Encrypts the connection (`tlsenable=yes` in manager.conf, port 5039). */
  readonly tls: boolean;
  /**
   * Whether the PBX must prove who it is; true when not given. Encryption without that proof keeps
   * out those who listen, not those who stand in the middle.
   */
  readonly tlsVerify?: boolean;
  /**
   * PEM text of the certificate, or of its authority, to trust instead of the system's list: for
   * the self-signed pair that Asterisk's `ast_tls_cert` makes, its `ca.crt`. The host's name is then
   * not compared, since such certificates seldom carry it; only the holder of that key can answer.
   */
  readonly tlsCa?: string;
}

/** Opens the connection, encrypted where asked. Rejects when it is not up within `timeoutMs`, or when the signal ends it. */
export function openSocket(address: PbxAddress, timeoutMs: number, signal: AbortSignal): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const { host, port } = address;
    const socket = address.tls ? encrypted(address) : connectTcp({ host, port });
    const timer = setTimeout(() => {
      fail(new Error(`no connection to ${host}:${port} within ${timeoutMs} ms`));
    }, timeoutMs);
    const settle = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', onAbort);
    };
    const fail = (error: NodeJS.ErrnoException): void => {
      settle();
      socket.destroy();
      reject(explained(error, address));
    };
    const onAbort = (): void => fail(new Error('stopped'));
    signal.addEventListener('abort', onAbort);
    if (signal.aborted) onAbort();
    socket.once('error', fail);
    socket.once(address.tls ? 'secureConnect' : 'connect', () => {
      settle();
      socket.off('error', fail);
      socket.setNoDelay(true);
      resolve(socket);
    });
  });
}

function encrypted({ host, port, tlsVerify = true, tlsCa }: PbxAddress): Socket {
  return connectTls({
    host,
    port,
    ...(isIP(host) === 0 ? { servername: host } : {}),
    rejectUnauthorized: tlsVerify,
    ...(tlsCa === undefined ? {} : { ca: tlsCa, checkServerIdentity: () => undefined }),
  });
}

// OpenSSL's own words name no setting that helps.
function explained(error: NodeJS.ErrnoException, { host, port, tls }: PbxAddress): Error {
  const code = error.code ?? '';
  if (tls && /CERT|SIGNATURE/.test(code)) {
    return new Error(`the certificate of ${host}:${port} is not trusted (${code}): name the PBX's ca.crt, or its self-signed certificate, as the one to trust`, { cause: error });
  }
  if (tls && /^(ERR_SSL|EPROTO)/.test(code)) return new Error(`${host}:${port} speaks no TLS (${code}): look at tlsenable and tlsbindaddr in manager.conf`, { cause: error });
  return error;
}
