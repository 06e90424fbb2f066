/**
 * `Expect: 100-continue`: the client sends its body once it is told to go on, or takes the final answer instead. It is told when
 * a body is wanted, so after key, rate and announced length have been looked at.
 */
import { type IncomingMessage, ServerResponse } from 'node:http';

const waiting = new WeakMap<IncomingMessage, ServerResponse>();

/** Node asks the client to go on before anybody has seen the request: the first call waits for the second. */
export class DeferredContinue<R extends IncomingMessage> extends ServerResponse<R> {
  #isDeferred = true;

  override writeContinue(callback?: () => void): void {
    if (this.#isDeferred) waiting.set(this.req, this);
    else super.writeContinue(callback);
    this.#isDeferred = false;
  }
}

/** Whether the client of this request has not been told to go on. */
export function isAwaitingContinue(request: IncomingMessage): boolean {
  return waiting.has(request);
}

/** Asks for the body, if the client waits to be asked. */
export function askForBody(request: IncomingMessage): void {
  waiting.get(request)?.writeContinue();
  waiting.delete(request);
}
