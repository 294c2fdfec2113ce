import { createHmac, randomBytes, randomInt } from 'node:crypto';
import { hash, verify } from '@node-rs/argon2';

// OWASP's smallest recommendation for argon2id: 19 MiB, two passes, one lane.
const ARGON2ID = { memoryCost: 19_456, timeCost: 2, parallelism: 1 } as const;

// Without characters that look alike in print.
const ALPHABET = 'abcdefghijkmnopqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789';

// The same password typed on two systems may come composed or decomposed.
const canonical = (password: string): string => password.normalize('NFC');

/** An argon2id hash in the PHC format. */
export const hashPassword = (password: string): Promise<string> => hash(canonical(password), ARGON2ID);

/** Whether a password is the one of a hash; a hash that cannot be read is nobody's. */
export async function isPassword(stored: string, password: string): Promise<boolean> {
  try {
    return await verify(stored, canonical(password));
  } catch {
    return false;
  }
}

/** 20 characters, about 116 bits. */
export function generatePassword(): string {
  return Array.from({ length: 20 }, () => ALPHABET[randomInt(ALPHABET.length)]).join('');
}

let decoy: Promise<string> | null = null;

/** A hash that no password has: verifying against it makes an unknown user as slow as a known one. */
export const decoyHash = (): Promise<string> => (decoy ??= hashPassword(randomBytes(32).toString('hex')));

const processKey = randomBytes(32);

/** Tells credentials apart without keeping a password in memory. */
export function credentialDigest(username: string, password: string): string {
  return createHmac('sha256', processKey).update(`${username.length}:${username}${canonical(password)}`).digest('base64');
}
