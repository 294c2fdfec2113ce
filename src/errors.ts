/** A mistake in what somebody asked for: names the field and says what is right. */
export class InvalidInputError extends Error {
  override readonly name = 'InvalidInputError';
  constructor(
    readonly field: string,
    readonly reason: string,
  ) {
    super(`${field}: ${reason}`);
  }
}

/** A name that is to be new, and is taken. */
export class AlreadyExistsError extends InvalidInputError {}

/** Settings that cannot work; lists every one of them, and prints no value of a secret. */
export class InvalidConfigError extends Error {
  override readonly name = 'InvalidConfigError';
  constructor(readonly problems: readonly string[]) {
    super(`settings are wrong:\n${problems.map((problem) => `  ${problem}`).join('\n')}`);
  }
}

export class NotFoundError extends Error {
  override readonly name = 'NotFoundError';
}

/** A command of the command line that cannot be done; the message ends with a next step. */
export class CommandError extends Error {
  override readonly name = 'CommandError';
  constructor(
    message: string,
    readonly exitCode: number,
  ) {
    super(message);
  }
}

/** The text of whatever was thrown, for a log line. */
export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
