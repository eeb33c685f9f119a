// The page's link to the service worker: whether it answers this page, and what is asked of it directly.
import { SesameError } from '../../js_bindings/errors.js';

/** A worker that does not answer by then is as good as none. */
const MAX_WAIT_MS = 2000;

export class WorkerLink {
  /** @type {Promise<ServiceWorkerRegistration | null> | null} */
  #registering = null;

  /**
   * @param {string} url
   * @param {RegistrationOptions} [options]
   */
  register(url, options) {
    this.#registering = this.#register(url, options);
    this.#registering.catch(() => {});
    return this.#registering;
  }

  /**
   * @param {string} url
   * @param {RegistrationOptions} [options]
   */
  async #register(url, options) {
    const container = containerOf();
    if (!container) return null;
    try {
      const registration = await container.register(url, { updateViaCache: 'none', ...options });
      // It is never ready if its installation fails.
      await Promise.race([container.ready, later(null)]);
      await this.#claim(container, registration);
      return registration;
    } catch (error) {
      throw new SesameError(
        'ERR_SESAME_SERVICE_WORKER',
        `The service worker ${url} cannot be registered`,
        { cause: error },
      );
    }
  }

  /** Whether the worker answers this page's requests, once what was begun for it has ended. */
  async isControlled() {
    await this.#registering?.catch(() => null);
    const container = containerOf();
    if (!container) return false;
    if (container.controller) return true;
    const registration = await container.getRegistration();
    if (!registration?.active) return false;
    await this.#claim(container, registration);
    return container.controller !== null;
  }

  /**
   * Asks the worker directly, whether or not it controls this page.
   * @param {'forget' | 'drop' | 'statistics' | 'claim'} name
   * @param {string | null} [about] the name of the credential that it is about
   * @returns {Promise<any>} null: there is no worker, or it does not answer
   */
  async command(name, about) {
    const container = containerOf();
    const registration = await container?.getRegistration();
    const worker = container?.controller ?? registration?.active;
    if (!worker) return null;
    const { port1, port2 } = new MessageChannel();
    const answer = new Promise((resolve) => {
      port1.onmessage = ({ data }) => resolve(data ?? null);
    });
    worker.postMessage({ sesame: name, about }, [port2]);
    const value = await Promise.race([answer, later(null)]);
    port1.close();
    return value;
  }

  /**
   * A page that was loaded before the worker, or past it, is not answered by it until it claims the page.
   * @param {ServiceWorkerContainer} container
   * @param {ServiceWorkerRegistration} registration
   */
  async #claim(container, registration) {
    if (container.controller || !registration.active) return;
    const controlled = new Promise((resolve) => {
      container.addEventListener('controllerchange', resolve, { once: true });
    });
    registration.active.postMessage({ sesame: 'claim' });
    await Promise.race([controlled, later(null)]);
  }
}

/** Not there where the page is not secure, or the user has forbidden it. */
function containerOf() {
  return globalThis.navigator?.serviceWorker ?? null;
}

/**
 * @template T
 * @param {T} value
 * @returns {Promise<T>}
 */
function later(value) {
  return new Promise((resolve) => setTimeout(resolve, MAX_WAIT_MS, value));
}
