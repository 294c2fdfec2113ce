/** Numbers in [0, 1). */
export type Random = () => number;

export const PBX = 'pbx-milan';
/** The company's own numbers begin alike; what follows is the extension. */
const OWN_NUMBER = '+39024567';
const OUTSIDERS = 200_000;

const FIRST = ['Sara', 'Marco', 'Giulia', 'Luca', 'Elena', 'Paolo', 'Chiara', 'Andrea', 'Francesca', 'Matteo', 'Zoë', 'Jürgen', 'Ana', 'Tomáš', 'Ingrid', 'Omar', 'Noémie', 'Piotr', 'Aoife', 'Søren'];
const LAST = ['Rossi', 'Bianchi', 'Ferrari', 'Esposito', 'Romano', 'Colombo', 'Ricci', 'Marino', 'Greco', 'Bruno', 'Müller', 'Novák', 'Nielsen', "O'Connor", 'De Luca', 'Conti', 'Gallo', 'Costa', 'Kowalski', 'Haddad'];
const AGENTS = ['snom320/8.4.18', 'Yealink SIP-T46U 108.86.0.45', 'Grandstream GXP2170 1.0.11.48', 'PolycomVVX-VVX_411-UA/6.4.1', 'LinphoneAndroid/5.2.3 (Pixel 8)', 'Zoiper v2.10.20.2', 'MicroSIP/3.21.3', 'Cisco/SPA504G-7.6.2c'];
const TRANSPORTS = ['UDP', 'UDP', 'UDP', 'TCP', 'TLS'] as const;

export interface Person {
  readonly extension: string;
  readonly name: string;
  readonly userAgent: string;
  readonly transport: 'UDP' | 'TCP' | 'TLS';
  readonly ip: string;
}

/** A company with so many accounts; who calls whom is drawn so that few do most of it. */
export class Company {
  readonly people: readonly Person[];

  constructor(accounts: number) {
    this.people = Array.from({ length: accounts }, (_, i) => person(i));
  }

  /** Somebody, the busy ones more often. */
  anyone(random: Random): Person {
    const index = Math.floor(random() ** 1.6 * this.people.length);
    return this.people[index] ?? person(index);
  }

  /** A number outside, the well known ones far more often. */
  outsider(random: Random): string {
    const index = Math.floor(random() ** 3 * OUTSIDERS);
    // 7,919 is prime to a million: every index has a number of its own, and neighbours are not alike.
    const digits = String((index * 7_919) % 1_000_000).padStart(6, '0');
    if (index % 3 === 0) return `+39347${digits}${index % 10}`;
    return index % 3 === 1 ? `02${digits}${String(index % 100).padStart(2, '0')}` : `0044207${digits}${index % 10}`;
  }

  /** The number by which a person is called from outside. */
  outsideNumber({ extension }: Person): string {
    return OWN_NUMBER + extension;
  }
}

function person(index: number): Person {
  return {
    extension: String(1_000 + index),
    name: `${at(FIRST, index)} ${at(LAST, Math.floor(index / FIRST.length))}`,
    userAgent: at(AGENTS, index * 5),
    transport: at(TRANSPORTS, index),
    ip: `10.${20 + (index >> 14)}.${(index >> 6) & 255}.${10 + (index & 63)}`,
  };
}

export function at<T>(list: readonly T[], index: number): T {
  const item = list[index % list.length];
  if (item === undefined) throw new RangeError('the list is empty');
  return item;
}

export const pick = <T>(list: readonly T[], random: Random): T => at(list, Math.floor(random() * list.length));

/** 32 hexadecimal digits, as the keys of real rows have. */
export function drawnKey(random: Random): string {
  let key = '';
  for (let part = 0; part < 4; part += 1) key += Math.floor(random() * 4_294_967_296).toString(16).padStart(8, '0');
  return key;
}
