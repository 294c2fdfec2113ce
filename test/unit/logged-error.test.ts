import { expect, it } from 'vitest';
import { loggedError } from '../../src/logged-error.js';

it('an error in the log has its words and no statement with its values', () => {
  const error = Object.assign(new Error('insert into `t` (`a`) values (?) - Unknown column'), { code: 'ER_BAD_FIELD_ERROR', sql: "insert into t values ('a secret')" });
  expect(JSON.stringify(loggedError(error))).not.toContain('a secret');
  expect(loggedError(error)).toMatchObject({ code: 'ER_BAD_FIELD_ERROR', message: error.message, stack: expect.any(String) as string });
  expect(loggedError('a word')).toBe('a word');
});
