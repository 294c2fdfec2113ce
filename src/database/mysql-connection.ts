/**
 * What a session asks of MariaDB and MySQL, in seconds. A connection whose other end is gone without a word keeps its
 * locks until the server notices: within a transaction after 20 s (MySQL has no such limit), else after two minutes, not
 * eight hours. The pool gives up an idle connection long before. Who waits for a lock says so after 10 s, not 50.
 * Merged indexes have no order: a page would be read to the list's end and sorted.
 */
export const SESSION_LIMITS = 'set session wait_timeout = 120, innodb_lock_wait_timeout = 10, optimizer_switch = "index_merge=off" /*M!100300 , idle_transaction_timeout = 20 */';

/** What both mysql2 and knex take. */
interface MysqlConnection {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
  readonly database: string;
  readonly charset: string;
  readonly supportBigNumbers: true;
  readonly connectTimeout: number;
  readonly enableKeepAlive: true;
  readonly keepAliveInitialDelay: number;
  readonly ssl?: object;
}

/** How mysql2 reaches `mysql://user:password@host:port/database`, with `?ssl=true` over TLS. */
export function mysqlConnection(url: string): MysqlConnection {
  const { hostname, port, username, password, pathname, searchParams } = new URL(url);
  return {
    host: hostname,
    port: port === '' ? 3306 : Number(port),
    user: decodeURIComponent(username),
    password: decodeURIComponent(password),
    database: decodeURIComponent(pathname.slice(1)),
    charset: 'utf8mb4',
    supportBigNumbers: true,
    connectTimeout: 10_000,
    enableKeepAlive: true,
    keepAliveInitialDelay: 10_000,
    ...(searchParams.get('ssl') === 'true' ? { ssl: {} } : {}),
  };
}
