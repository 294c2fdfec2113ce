import type { Config } from '../config.js';
import { askDatabase } from './ask-database.js';
import { askFolder } from './ask-folder.js';
import { askPbx } from './ask-pbx.js';
import { askRedis } from './ask-redis.js';
import type { DatabaseFacts, RedisFacts } from './database-facts.js';
import { judgeCalls } from './judge-calls.js';
import { judgeConnection, judgePrivileges } from './judge-login.js';
import { judgeSip } from './judge-sip.js';
import { judgeDatabase, judgeRecovery, judgeRedis, judgeSpool } from './judge-storage.js';
import { judgeTimes } from './judge-time.js';
import type { Check } from './outcome.js';
import type { PbxFacts } from './pbx-facts.js';

/** Asks the PBX, the database and Redis at once, each within seconds, and judges what they say. Changes nothing. */
export async function runDoctor(config: Config): Promise<readonly Check[]> {
  const [pbx, database, redis, spool] = await Promise.all([
    askPbx(config.ami),
    askDatabase(config.databaseUrl, config.pbxName),
    askRedis(config.redisUrl),
    askFolder(config.spool.dir),
  ]);
  const { csv, sql } = config.recovery;
  const sources = [...(csv ? ['CDR_CSV'] : []), ...(sql ? ['CDR_SQL_URL'] : [])];
  return [...judge(pbx, database, redis), ...judgeSpool(spool, config.spool.maxMb), ...(config.ami === null ? [] : judgeRecovery(sources))];
}

/** Every check of what answers over a network, in the order in which they are read. */
export function judge(pbx: PbxFacts, database: DatabaseFacts, redis: RedisFacts): readonly Check[] {
  return [...judgeConnection(pbx), ...(pbx.kind === 'up' ? judgeLogin(pbx, database) : []), ...judgeDatabase(database), ...judgeRedis(redis)];
}

function judgeLogin({ target, login }: Extract<PbxFacts, { kind: 'up' }>, database: DatabaseFacts): readonly Check[] {
  const calls = database.kind === 'mysql' ? database.calls : database.kind === 'sqlite' ? (database.content?.calls ?? null) : null;
  return [...judgePrivileges(target, login), ...judgeTimes(login, calls), ...judgeCalls(login, calls), ...judgeSip(login)];
}
