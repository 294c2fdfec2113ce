// What is used of asterisk-manager 0.2.0, which brings no types.
declare module 'asterisk-manager' {
  /** Headers in lower case; one sent twice is an array, `Variable` and `ChanVariable` are objects. */
  export type VendorBlock = Readonly<Record<string, string | readonly string[] | Readonly<Record<string, string>>>>;

  export interface VendorManager {
    on(event: 'managerevent', listener: (block: VendorBlock) => void): void;
    removeListener(event: string, listener: (...args: never[]) => void): void;
    connect(port: number, host: string, callback?: () => void): void;
    /** Calls back with the answer when it is an error, else with nothing. */
    login(callback: (refusal?: VendorBlock) => void): void;
    /** Answers the ActionID; calls back with (error answer | undefined, answer). */
    action(action: Record<string, string>, callback: (error: VendorBlock | undefined, answer: VendorBlock) => void): string;
    disconnect(): void;
  }

  /** Without a port nothing is connected yet; with one it connects and logs in at once. */
  export default function createManager(port: number | undefined, host: string, username: string, password: string, events: boolean): VendorManager;
}
