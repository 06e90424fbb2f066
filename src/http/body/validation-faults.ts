/** FastAPI's 422: one entry a fault, each echoing the offending value as the client wrote it. */
import { replaceNonFinite } from './json-source.ts';

export interface ValidationFault {
  readonly type: string;
  readonly loc: readonly (string | number)[];
  readonly msg: string;
  /** JSON source of the offending value. */
  readonly inputSource: string;
  readonly ctx?: Readonly<Record<string, unknown>>;
}

export class ValidationFaults extends Error {
  readonly faults: readonly ValidationFault[];

  constructor(faults: readonly ValidationFault[]) {
    super('The request is not what the call takes');
    this.faults = faults;
  }

  /** The response body, text or UTF-8. Values are echoed from their source, so that nothing is lost; NaN, which JSON lacks, is null. */
  toJson(): string | Buffer {
    // Written by hand: a body can hold a fault every two bytes, and the event loop waits.
    const entries = this.faults.map(({ type, loc, msg, inputSource, ctx }) => {
      const head = `{"type":${JSON.stringify(type)},"loc":${JSON.stringify(loc)},"msg":${JSON.stringify(msg)}`;
      const tail = ctx === undefined ? '' : `,"ctx":${JSON.stringify(ctx)}`;
      return `${head},"input":${replaceNonFinite(inputSource, () => 'null')}${tail}}`;
    });
    return `{"detail":[${entries.join(',')}]}`;
  }
}

/** Faults whose response body has been written already, in the thread that found them. */
export class WrittenFaults extends ValidationFaults {
  readonly #json: Buffer;

  constructor(json: Buffer) {
    super([]);
    this.#json = json;
  }

  override toJson(): Buffer {
    return this.#json;
  }
}
