import { afterEach, expect, it } from 'vitest';
import { migrations } from '../../../migrations/index.js';
import { openDatabase, type Database } from '../../../src/database/database.js';
import { describeEachDatabase } from '../../support/databases.js';
import { cdr, insertCdrs } from '../web/samples.js';

describeEachDatabase('bringing the tables up to date', (database, url) => {
  const opened: Database[] = [];
  const open = (caller: 'service' | 'command' = 'command'): Database => {
    const another = openDatabase(url(), caller);
    opened.push(another);
    return another;
  };
  afterEach(async () => {
    for (const another of opened.splice(0)) await another.close();
  });
  const applied = () => database().knex<{ name: string }>('knex_migrations').orderBy('id').select('name');

  it('is done once by two first starts at once', async () => {
    // In one thread SQLite's own patience would keep the other one from ending.
    const caller = database().dialect === 'sqlite' ? 'service' : 'command';
    await Promise.all([open(caller).migrate(), open(caller).migrate()]);
    expect(await applied()).toHaveLength((await migrations.getMigrations([])).length);
    expect(await database().knex('cdr').select('id')).toEqual([]);
  });

  it('only reads when nothing is missing', async () => {
    const { knex } = open();
    const statements: string[] = [];
    const another = opened[0];
    knex.on('query', ({ sql }: { readonly sql: string }) => statements.push(sql));
    await another?.migrate();
    expect(statements.length).toBeGreaterThan(0);
    expect(statements.filter((sql) => !/^(select|PRAGMA)/i.test(sql))).toEqual([]);
  });

  it('goes on after a process that was killed amid it', async () => {
    const { knex } = database();
    const all = await applied();
    const tables = await tablesOf(database());
    // MariaDB keeps each table that was made by then, still empty, SQLite none.
    if (database().dialect === 'mysql') await Promise.all([knex('knex_migrations').delete(), knex('setting').delete()]);
    else await knex.migrate.rollback(undefined, true);
    await knex('knex_migrations_lock').update({ is_locked: 1 });
    await open(database().dialect === 'sqlite' ? 'service' : 'command').migrate();
    expect((await applied()).map(({ name }) => name)).toEqual(all.map(({ name }) => name));
    expect(await tablesOf(database())).toEqual(tables);
    expect(await knex('knex_migrations_lock').select('is_locked')).toEqual([{ is_locked: 0 }]);
  });

  it('goes on amid the indexes of tables that hold rows already', async () => {
    const { knex, dialect } = database();
    await insertCdrs(knex, [cdr({ src: '+390245678901' })]);
    const tables = await tablesOf(database());
    // As MariaDB leaves them when all is made and nothing noted; SQLite has all or nothing.
    if (dialect === 'mysql') await knex('knex_migrations').where('name', '20261126120000_index_number_endings').delete();
    await open(dialect === 'sqlite' ? 'service' : 'command').migrate();
    expect(await tablesOf(database())).toEqual(tables);
    expect(await knex('cdr').select('src_reversed', 'dst_reversed')).toEqual([{ src_reversed: '109876542093+', dst_reversed: '909' }]);
  });

  it('refuses the tables of a newer release', async () => {
    const { knex } = database();
    await knex('knex_migrations').insert({ name: '29991231000000_from_afar', batch: 9, migration_time: new Date() });
    await expect(open('service').migrate()).rejects.toThrow('the tables are of a newer release of Logbook (29991231000000_from_afar)');
    await knex('knex_migrations').where('name', '29991231000000_from_afar').delete();
  });
}, { migrate: false });

async function tablesOf({ knex, dialect }: Database): Promise<string[]> {
  if (dialect === 'sqlite') return (await knex<{ name: string; sql: string }>('sqlite_master').orderBy('name').select('sql')).map(({ sql }) => sql);
  const [rows] = (await knex.raw('select concat(table_name, " ", column_name) as text from information_schema.columns where table_schema = database() order by 1')) as [{ text: string }[]];
  return rows.map(({ text }) => text);
}
