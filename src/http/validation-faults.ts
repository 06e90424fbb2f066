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

  /** The response body. Values are echoed from their source, so that nothing is lost; NaN, which JSON lacks, is null. */
  toJson(): string {
    const entries = this.faults.map((fault) => {
      const { inputSource, ctx, ...rest } = fault;
      const head = JSON.stringify(rest).slice(0, -1);
      const tail = ctx === undefined ? '' : `,"ctx":${JSON.stringify(ctx)}`;
      return `${head},"input":${replaceNonFinite(inputSource, () => 'null')}${tail}}`;
    });
    return `{"detail":[${entries.join(',')}]}`;
  }
}
