// What the tests use of the package ws, which brings no types of its own.
declare module 'ws' {
  import type { EventEmitter } from 'node:events';
  import type { IncomingMessage, Server } from 'node:http';
  import type { Duplex } from 'node:stream';

  export interface ClientOptions {
    headers?: Record<string, string>;
    origin?: string;
  }

  export class WebSocket extends EventEmitter {
    constructor(url: string, options?: ClientOptions);
    constructor(url: string, protocols: string[], options?: ClientOptions);
    static readonly OPEN: number;
    static readonly CLOSED: number;
    readonly protocol: string;
    readonly readyState: number;
    send(data: string | Uint8Array, options?: { binary?: boolean; fin?: boolean }): void;
    ping(data: string): void;
    close(code?: number, reason?: string): void;
    terminate(): void;
    on(event: 'message', listener: (data: Buffer, isBinary: boolean) => void): this;
    on(event: 'ping', listener: (data: Buffer) => void): this;
    on(event: 'close', listener: (code: number, reason: Buffer) => void): this;
    on(event: 'error', listener: (error: Error) => void): this;
  }

  export class WebSocketServer extends EventEmitter {
    constructor(options: {
      server?: Server;
      path?: string;
      noServer?: boolean;
      handleProtocols?: () => string;
    });
    readonly clients: Set<WebSocket>;
    handleUpgrade(
      request: IncomingMessage,
      socket: Duplex,
      head: Buffer,
      done: (opened: WebSocket) => void,
    ): void;
    close(): void;
    on(event: 'connection', listener: (socket: WebSocket, request: IncomingMessage) => void): this;
  }
}
