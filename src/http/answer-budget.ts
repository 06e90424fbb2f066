/** Bounds the memory of answers that are being made or have not been read by their clients yet. */
import type { FastifyReply } from 'fastify';
import { CosimoError } from '../errors.ts';

export class AnswerBudget {
  readonly #bytesMax: number;
  #bytes = 0;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  /**
   * @returns takes bytes for this answer; they are given back when it has been sent or its client has gone
   * @throws CosimoError (from what it returns) `queue_full`
   */
  open(reply: FastifyReply): (bytes: number) => void {
    let taken = 0;
    reply.raw.once('close', () => {
      this.#bytes -= taken;
    });
    return (bytes) => {
      if (this.#bytes + bytes > this.#bytesMax) {
        throw new CosimoError(
          'queue_full',
          'Too much waits to be read by clients; try again later or with a smaller top_k',
        );
      }
      this.#bytes += bytes;
      taken += bytes;
    };
  }
}
