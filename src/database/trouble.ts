/** What a driver's error code means and what to do about it, for the codes that a wrong setting causes; else null. */
export function databaseTrouble(code: string): string | null {
  switch (code) {
    case 'ER_ACCESS_DENIED_ERROR':
    case 'ER_DBACCESS_DENIED_ERROR':
      return 'the database refuses the user or the password of DATABASE_URL; correct it';
    case 'ER_BAD_DB_ERROR':
      return 'the database that DATABASE_URL names does not exist; create it first';
    case 'SQLITE_CANTOPEN':
      return 'the SQLite file of DATABASE_URL cannot be opened; its folder must exist and be writable';
    case 'ECONNREFUSED':
      return 'nothing answers at DATABASE_URL; start the database or correct the address';
    default:
      return null;
  }
}
