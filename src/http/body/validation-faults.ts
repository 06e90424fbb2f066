/** FastAPI's 422: one entry for each fault, with the offending value as the client wrote it. */
import { replaceNonFinite } from './json-source.ts';

export interface ValidationFault {
  readonly type: string;
  readonly loc: readonly (string | number)[];
  readonly msg: string;
  /** JSON source of the offending value. */
  readonly inputSource: string;
  readonly ctx?: Readonly<Record<string, unknown>>;
}

/** The first fault, for an answer that names one only. */
export type FirstFault = Pick<ValidationFault, 'loc' | 'msg'>;

export class ValidationFaults extends Error {
  readonly faults: readonly ValidationFault[];

  /** @param faults at least one */
  constructor(faults: readonly ValidationFault[]) {
    super('The request is not what the call takes');
    this.faults = faults;
  }

  get first(): FirstFault {
    const { loc, msg } = this.faults[0] as ValidationFault;
    return { loc, msg };
  }

  /** The body of the 422, text or UTF-8. It echoes values from their source, digit by digit; JSON has no NaN: null stands for it. */
  toJson(): string | Buffer {
    // Put together by hand, for speed: a body can hold a fault in every two bytes, and the event loop waits.
    const entries = this.faults.map(({ type, loc, msg, inputSource, ctx }) => {
      const head = `{"type":${JSON.stringify(type)},"loc":${JSON.stringify(loc)},"msg":${JSON.stringify(msg)}`;
      const tail = ctx === undefined ? '' : `,"ctx":${JSON.stringify(ctx)}`;
      return `${head},"input":${replaceNonFinite(inputSource, () => 'null')}${tail}}`;
    });
    return `{"detail":[${entries.join(',')}]}`;
  }
}

/** Faults that a body thread found. It hands over the first fault and the whole body of the 422. */
export class SerializedFaults extends ValidationFaults {
  readonly #first: FirstFault;
  readonly #json: Buffer;

  constructor(first: FirstFault, json: Buffer) {
    super([]);
    this.#first = first;
    this.#json = json;
  }

  override get first(): FirstFault {
    return this.#first;
  }

  override toJson(): Buffer {
    return this.#json;
  }
}
