import { afterEach, beforeEach, expect, it } from 'vitest';
import { fromMs, MICROS_PER_SECOND } from '../../../src/time.js';
import { isPassword } from '../../../src/web/passwords.js';
import { consoleUsers } from '../../../src/web/users.js';
import { basic, PASSWORD, startConsole, Visitor, type TestConsole } from './console.js';
import { onEachDatabase, type EmptyDatabase } from './each-database.js';

interface WebSessionRow {
  readonly eventType: string;
  readonly principal: string;
  readonly ipAddress: string | null;
  readonly service: string;
}

onEachDatabase('signing in', (emptyDatabase) => {
  let database: EmptyDatabase;
  let console: TestConsole;
  let now = 0;

  beforeEach(async () => {
    now = fromMs(Date.UTC(2026, 4, 10, 15));
    database = await emptyDatabase();
    console = await startConsole(database.url, { clock: () => (now += 1_000), trustProxy: 1 });
  });

  afterEach(async () => {
    await console.stop();
    await database.drop();
  });

  /** Web Sessions, oldest first, as the database has them: reading them over HTTP would add to them. */
  const rows = async (): Promise<string[]> => {
    const found = await console.database.knex<{ id: number; event_type: string; principal: string; ip_address: string; service: string }>('web_session').orderBy('id');
    return found.map((row) => [row.event_type, row.principal, row.ip_address, row.service].join(' '));
  };

  const tryBasic = (username: string, password: string, headers: Record<string, string> = {}): Promise<Response> =>
    fetch(`${console.url}/api/v1/cdrs`, { headers: { ...basic(username, password), ...headers } });

  it('opens a session under a new id, and ends it', async () => {
    const visitor = new Visitor(console.url);
    await visitor.get('/sign-in');
    const stranger = visitor.sessionCookie;
    const answer = await visitor.post('/sign-in', { username: 'admin', password: PASSWORD, next: '/cdrs?src=904' });
    expect([answer.status, answer.headers.get('location')]).toEqual([303, '/cdrs?src=904']);
    expect(visitor.sessionCookie).not.toBe(stranger);
    expect(answer.headers.getSetCookie()[0]).toMatch(/^logbook=.*; HttpOnly; SameSite=Lax$/);
    expect((await visitor.get('/cdrs')).status).toBe(200);
    const signedIn = visitor.sessionCookie;
    expect((await visitor.post('/sign-out', {}, '/cdrs')).headers.get('location')).toBe('/sign-in');
    const ended = await fetch(`${console.url}/cdrs`, { headers: { cookie: signedIn }, redirect: 'manual' });
    expect(ended.headers.get('location')).toBe('/sign-in?next=%2Fcdrs');
    expect(await rows()).toEqual([
      'SUCCESS admin 127.0.0.1 CONSOLE',
      'SUCCESS_INTERACTIVE admin 127.0.0.1 CONSOLE',
      'SIGNED_OUT admin 127.0.0.1 CONSOLE',
    ]);
  });

  it('opens JSON to a session for as long as it opens pages, and to no other cookie', async () => {
    const answers = async (cookie: string): Promise<number[]> => {
      const [page, json] = await Promise.all(['/cdrs', '/api/v1/cdrs'].map((path) => fetch(console.url + path, { headers: { cookie }, redirect: 'manual' })));
      return [page?.status ?? 0, json?.status ?? 0];
    };
    const visitor = new Visitor(console.url);
    await visitor.get('/sign-in');
    expect(await answers(visitor.sessionCookie)).toEqual([303, 401]);
    await visitor.signIn();
    const cookie = visitor.sessionCookie;
    expect(await answers(`other=1; ${cookie}; another=2`)).toEqual([200, 200]);
    const [id = '', signature = ''] = cookie.split('.');
    for (const wrong of ['', id, `${id}.`, `${id}.${Array.from(signature).reverse().join('')}`, `${id}x.${signature}`, `${id}.${'é'.repeat(signature.length)}`, `x${cookie}`, 'logbook=%']) expect([wrong, await answers(wrong)]).toEqual([wrong, [303, 401]]);
    await console.users.setPassword('admin', 'another password');
    expect(await answers(cookie)).toEqual([303, 401]);
    await visitor.signIn('admin', 'another password');
    const again = visitor.sessionCookie;
    expect(await answers(again)).toEqual([200, 200]);
    await console.database.knex('console_session').update({ expired: '2020-01-01 00:00:00' });
    expect(await answers(again)).toEqual([303, 401]);
    await visitor.signIn('admin', 'another password');
    expect(await answers(visitor.sessionCookie)).toEqual([200, 200]);
    await visitor.post('/sign-out', {}, '/cdrs');
    expect(await answers(visitor.sessionCookie)).toEqual([303, 401]);
    await visitor.signIn('admin', 'another password');
    await console.users.removeUser('admin');
    expect(await answers(visitor.sessionCookie)).toEqual([303, 401]);
  });

  it('keeps sessions over a restart', async () => {
    const visitor = new Visitor(console.url);
    await visitor.signIn();
    const again = await startConsole(database.url);
    const page = await fetch(`${again.url}/cdrs`, { headers: { cookie: visitor.sessionCookie }, redirect: 'manual' });
    expect(page.status).toBe(200);
    await again.stop();
  });

  it('marks the cookie secure behind a proxy that speaks HTTPS', async () => {
    const answer = await new Visitor(console.url, { 'x-forwarded-proto': 'https' }).signIn();
    expect(answer.headers.getSetCookie()[0]).toContain('; Secure');
  });

  it('takes the address from a trusted proxy, IPv4 as IPv4', async () => {
    await new Visitor(console.url, { 'x-forwarded-for': '198.51.100.1, ::ffff:203.0.113.7' }).signIn();
    expect((await rows())[0]).toBe('SUCCESS admin 203.0.113.7 CONSOLE');
  });

  it('takes no form without its token', async () => {
    const visitor = new Visitor(console.url);
    const answer = await visitor.post('/sign-in', { username: 'admin', password: PASSWORD, _csrf: 'made up' });
    expect(answer.status).toBe(403);
    expect(await rows()).toEqual([]);
    await visitor.signIn();
    expect((await visitor.post('/sign-out', { _csrf: '' }, '/cdrs')).status).toBe(403);
    expect((await visitor.get('/cdrs')).status).toBe(200);
  });

  it('locks out after five failures, known name or not, and lets in again when the time is over', async () => {
    for (const username of ['admin', 'nobody']) {
      const visitor = new Visitor(console.url);
      for (let i = 0; i < 5; i += 1) {
        const answer = await visitor.signIn(username, 'wrong');
        expect(answer.status).toBe(401);
        expect(await answer.text()).toContain('The name or the password is wrong.');
      }
      const locked = await visitor.signIn(username, PASSWORD);
      expect([locked.status, locked.headers.get('retry-after')]).toEqual([429, '900']);
    }
    expect((await tryBasic('admin', PASSWORD)).status).toBe(429);
    const failure = (name: string): string => `FAIL_BAD_CREDENTIALS ${name} 127.0.0.1 CONSOLE`;
    const found = await rows();
    expect(found.slice(0, 7)).toEqual([...Array.from({ length: 5 }, () => failure('admin')), 'LOCKED_OUT admin 127.0.0.1 CONSOLE', 'FAIL_LOCKED_OUT admin 127.0.0.1 CONSOLE']);
    expect(found.slice(7)).toEqual([
      ...Array.from({ length: 5 }, () => failure('nobody')),
      'LOCKED_OUT nobody 127.0.0.1 CONSOLE',
      'FAIL_LOCKED_OUT nobody 127.0.0.1 CONSOLE',
      'FAIL_LOCKED_OUT admin 127.0.0.1 CONSOLE',
    ]);
    now += 15 * 60 * MICROS_PER_SECOND;
    const visitor = new Visitor(console.url);
    expect((await visitor.signIn('admin', 'wrong')).status).toBe(401);
    expect((await visitor.signIn()).status).toBe(303);
  });

  it('counts failures that lie apart as not together, and none after a success', async () => {
    const visitor = new Visitor(console.url);
    for (let i = 0; i < 4; i += 1) await visitor.signIn('admin', 'wrong');
    now += 16 * 60 * MICROS_PER_SECOND;
    for (let i = 0; i < 4; i += 1) expect((await visitor.signIn('admin', 'wrong')).status).toBe(401);
    expect((await new Visitor(console.url).signIn()).status).toBe(303);
    for (let i = 0; i < 4; i += 1) expect((await visitor.signIn('admin', 'wrong')).status).toBe(401);
  });

  it('gives guesses sent at once no more tries than one after another', async () => {
    const answers = await Promise.all(Array.from({ length: 20 }, (_, i) => tryBasic('admin', `guess ${i}`)));
    expect(answers.filter((answer) => answer.status === 401)).toHaveLength(5);
    expect(answers.filter((answer) => answer.status === 429)).toHaveLength(15);
    expect((await rows()).filter((row) => row.startsWith('LOCKED_OUT'))).toHaveLength(1);
  });

  it('lets a script send many requests at once, and writes one row for ten minutes of them', async () => {
    const answers = await Promise.all(Array.from({ length: 20 }, () => tryBasic('admin', PASSWORD)));
    expect(new Set(answers.map((answer) => answer.status))).toEqual(new Set([200]));
    await tryBasic('admin', PASSWORD);
    await tryBasic('admin', PASSWORD, { 'x-forwarded-for': '203.0.113.9' });
    expect(await rows()).toEqual(['SUCCESS admin 127.0.0.1 CONSOLE', 'SUCCESS admin 203.0.113.9 CONSOLE']);
    now += 10 * 60 * MICROS_PER_SECOND;
    await tryBasic('admin', PASSWORD);
    expect(await rows()).toHaveLength(3);
  });

  it('bounds failures by address, whatever names they try', async () => {
    for (let i = 0; i < 50; i += 1) expect((await tryBasic(`name ${i}`, 'wrong', { 'x-forwarded-for': '203.0.113.66' })).status).toBe(401);
    const refused = await tryBasic('admin', PASSWORD, { 'x-forwarded-for': '203.0.113.66' });
    expect(refused.status).toBe(429);
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
    expect((await tryBasic('admin', PASSWORD)).status).toBe(200);
    expect((await rows()).filter((row) => row.startsWith('FAIL_LIMIT'))).toEqual(['FAIL_LIMIT name 49 203.0.113.66 CONSOLE']);
  });

  it('ends sessions and remembered credentials when the password changes', async () => {
    const visitor = new Visitor(console.url);
    await visitor.signIn();
    expect((await tryBasic('admin', PASSWORD)).status).toBe(200);
    await console.users.setPassword('admin', 'another password');
    expect((await visitor.get('/cdrs')).status).toBe(303);
    expect((await tryBasic('admin', PASSWORD)).status).toBe(401);
    expect((await tryBasic('admin', 'another password')).status).toBe(200);
  });

  it('shows its rows, newest first', async () => {
    await new Visitor(console.url).signIn('mallory', 'wrong');
    const { data } = (await (await fetch(`${console.url}/api/v1/web-sessions`, { headers: basic('admin', PASSWORD) })).json()) as { data: WebSessionRow[] };
    expect(data.map((row) => [row.eventType, row.principal, row.service])).toEqual([
      ['SUCCESS', 'admin', 'CONSOLE'],
      ['FAIL_BAD_CREDENTIALS', 'mallory', 'CONSOLE'],
    ]);
  });

  it('keeps a user’s zone', async () => {
    const visitor = new Visitor(console.url);
    await visitor.signIn();
    expect(await (await visitor.get('/web-sessions')).text()).toContain('Europe/Rome</small>');
    const answer = await visitor.post('/time-zone', { zone: 'Asia/Tokyo', next: '/cdrs?src=904&tz=UTC' }, '/cdrs');
    expect(answer.headers.get('location')).toBe('/cdrs?src=904');
    expect(await (await visitor.get('/web-sessions')).text()).toContain('Asia/Tokyo</small>');
    expect((await visitor.post('/time-zone', { zone: 'Mars', next: '/cdrs' }, '/cdrs')).status).toBe(400);
  });

  it('speaks the language that the browser asks for, until a user chooses one', async () => {
    const visitor = new Visitor(console.url, { 'accept-language': 'it-IT,it;q=0.9,en;q=0.5' });
    expect(await (await visitor.get('/sign-in')).text()).toMatch(/<html lang="it">[\s\S]*<h1>Accedi<\/h1>/);
    expect(await (await visitor.post('/sign-in', { username: 'admin', password: 'wrong' })).text()).toContain('Il nome o la password sono errati.');
    expect(await (await new Visitor(console.url, { 'accept-language': 'fr, de' }).get('/sign-in')).text()).toContain('<html lang="en">');
    await visitor.signIn();
    expect(await (await visitor.get('/cdrs?src=404')).text()).toContain('Ancora nulla.');
    expect(await (await visitor.get('/cdrs?color=red')).text()).toContain('color “red” non è un parametro di cdrs; ci sono from, to, range,');
    const answer = await visitor.post('/language', { language: 'en', next: '/cdrs?src=404' }, '/cdrs');
    expect(answer.headers.get('location')).toBe('/cdrs?src=404');
    const other = new Visitor(console.url, { 'accept-language': 'it' });
    await other.signIn();
    expect(await (await other.get('/cdrs')).text()).toMatch(/<html lang="en">[\s\S]*Place a call/);
    expect((await other.post('/language', { language: 'xx' }, '/cdrs')).status).toBe(400);
    // Scripts are told the same in every language.
    expect(await (await other.get('/api/v1/cdrs?color=red')).text()).toContain('is no parameter of cdrs');
  });
});

onEachDatabase('console users', (emptyDatabase) => {
  let database: EmptyDatabase;
  let console: TestConsole;
  beforeEach(async () => {
    database = await emptyDatabase();
    console = await startConsole(database.url);
  });
  afterEach(async () => {
    await console.stop();
    await database.drop();
  });

  it('are added, listed and verified', async () => {
    const { users } = console;
    await users.addUser('Zoë', 'correct horse');
    expect((await users.listUsers()).map((user) => user.username).sort()).toEqual(['Zoë', 'admin']);
    expect(await users.find('Zoë')).toMatchObject({ username: 'Zoë', timeZone: null });
    expect(await isPassword((await users.find('Zoë'))?.passwordHash ?? '', 'correct horse')).toBe(true);
    expect(await isPassword((await users.find('Zoë'))?.passwordHash ?? '', 'wrong horse')).toBe(false);
    expect(await users.find('zoë')).toBeNull();
  });

  it('have names and passwords that can be', async () => {
    const { users } = console;
    await expect(users.addUser('admin', 'correct horse')).rejects.toThrow('username: admin exists already');
    await expect(users.addUser('a:b', 'correct horse')).rejects.toThrow('username: ');
    await expect(users.addUser('anna', 'short')).rejects.toThrow('password: must have 8 characters or more');
    await expect(users.setPassword('nobody', 'correct horse')).rejects.toThrow('there is no user nobody');
  });

  it('begin with an admin, whose password is generated once', async () => {
    const users = consoleUsers(console.database.knex);
    expect(await users.ensureAdmin('admin', 'something else')).toEqual({ created: false, generatedPassword: null });
    const made = await users.ensureAdmin('root', null);
    expect(made).toMatchObject({ created: true });
    expect(await isPassword((await users.find('root'))?.passwordHash ?? '', made.generatedPassword ?? '')).toBe(true);
    // The start that made it may ask again, where the database's answer was lost; the next one learns nothing.
    expect(await users.ensureAdmin('root', null)).toEqual(made);
    expect(await consoleUsers(console.database.knex).ensureAdmin('root', null)).toEqual({ created: false, generatedPassword: null });
  });
});
