// What is used of the module that workerd brings; a project's own types of it go before these.
declare module 'cloudflare:workers' {
  export class DurableObject {
    constructor(state: unknown, env: unknown);
  }
}
