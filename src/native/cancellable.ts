/** Calls of the addon that an abort signal ends. The addon itself cancels by tickets: numbers that the caller makes up. */
import { CosimoError, errorCodeOf } from '../errors.ts';

export interface TicketCanceller {
  cancel(ticket: number): void;
}

let lastTicket = 0;

/**
 * Begins a call and cancels it when the signal aborts. If it has aborted already, nothing is begun.
 * @param begin gets the ticket to hand to the addon; undefined without a signal
 * @throws CosimoError `cancelled`; otherwise what the call rejects with
 */
export async function cancelledBy<Result>(
  signal: AbortSignal | undefined,
  owner: TicketCanceller,
  begin: (ticket?: number) => Promise<Result>,
): Promise<Result> {
  if (signal === undefined) return begin();
  if (signal.aborted) throw new CosimoError('cancelled');
  lastTicket += 1;
  const ticket = lastTicket;
  const cancel = () => owner.cancel(ticket);
  const result = begin(ticket);
  signal.addEventListener('abort', cancel, { once: true });
  try {
    return await result;
  } catch (cause) {
    throw errorCodeOf(cause) === 'cancelled' ? new CosimoError('cancelled', undefined, { cause }) : cause;
  } finally {
    signal.removeEventListener('abort', cancel);
  }
}
