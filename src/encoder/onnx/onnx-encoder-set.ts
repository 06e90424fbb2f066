/** ONNX Runtime's encoders, each in a thread. Their number is chosen by measuring; one that dies is started again. */
import { availableParallelism } from 'node:os';
import type { EncoderSet } from '../encoder-set.ts';
import { type EncoderSpeed, measureSpeed, type TextSample } from '../encoder-speed.ts';
import { bestCandidate, type Parallelism, type ParallelismSettings, parallelismCandidates } from '../parallelism.ts';
import { superviseEncodingThread } from '../thread-errors.ts';
import { OnnxThread } from './onnx-thread.ts';
import type { OnnxThreadOptions } from './onnx-thread-protocol.ts';

export interface OnnxEncoderSetOptions extends Omit<OnnxThreadOptions, 'threads'>, ParallelismSettings {
  readonly sample: Promise<TextSample>;
  readonly log: (line: string) => void;
  /** An encoder has died and is being started again. */
  readonly onRestart: () => void;
}

interface Started {
  readonly threads: OnnxThread[];
  readonly speed: EncoderSpeed;
}

/** Long enough to tell candidates apart, short enough for a start. */
const COMPARE_MS = 200;
/** Long enough when there is only one candidate: its speed is needed, not a comparison. */
const MEASURE_MS = 50;

/** @throws CosimoError `model_invalid`, `invalid_setting` */
export async function startOnnxEncoders(options: OnnxEncoderSetOptions): Promise<EncoderSet> {
  const { log, onRestart } = options;
  const [first, ...others] = parallelismCandidates(options, availableParallelism()) as [Parallelism, ...Parallelism[]];
  let best = await start(first, options, others.length === 0 ? MEASURE_MS : COMPARE_MS);
  const { device, precision } = best.threads[0] as OnnxThread;
  // The first one has found out device and precision: the others take the same.
  const settled = { ...options, device, precision, log: () => {} };
  let chosen = first;
  const rates = [nameOf(first, best)];
  for (const candidate of device === 'cuda' ? [] : others) {
    const started = await start(candidate, settled, COMPARE_MS).catch((error: Error) => error);
    if (started instanceof Error) {
      log(`${describe(candidate)} could not be tried: ${started.message}`);
      break;
    }
    rates.push(nameOf(candidate, started));
    const isFaster = bestCandidate([best.speed.tokensPerMs, started.speed.tokensPerMs]) === 1;
    const loser = isFaster ? best : started;
    if (isFaster) [best, chosen] = [started, candidate];
    await Promise.all(loser.threads.map((thread) => thread.close()));
  }
  log(`Encoding with ${describe(chosen)}${rates.length > 1 ? `; tokens a millisecond: ${rates.join(', ')}` : ''}`);
  const again = { ...threadOptions(settled), threads: chosen.threads };
  const encoders = best.threads.map((thread) => {
    return superviseEncodingThread(thread, () => OnnxThread.start(again, () => {}), onRestart);
  });
  const { dimensions, description, pads } = best.threads[0] as OnnxThread;
  return {
    ...best.speed,
    facts: { dimensions, device, precision, description, pads },
    encoders: encoders.map((encoder) => async (batch) => (await encoder.get()).encode(batch)),
    memoryBytes: () => 0,
    close: async () => void (await Promise.all(encoders.map((encoder) => encoder.close()))),
  };
}

async function start(
  { workers, threads }: Parallelism,
  options: OnnxEncoderSetOptions,
  least_ms: number,
): Promise<Started> {
  const { log, sample } = options;
  // The first one starts alone and logs the device, so that the others need not.
  const first = await OnnxThread.start({ ...threadOptions(options), threads }, log);
  const same = { ...threadOptions(options), device: first.device, precision: first.precision, threads };
  const started = [first];
  try {
    const rest = Array.from({ length: workers - 1 }, async () => {
      started.push(await OnnxThread.start(same, () => {}));
    });
    await Promise.all(rest);
    return { threads: started, speed: await measureSpeed(started, await sample, least_ms) };
  } catch (error) {
    await Promise.all(started.map((thread) => thread.close()));
    throw error;
  }
}

function threadOptions({ model, device, deviceId, precision }: Omit<OnnxThreadOptions, 'threads'>) {
  return { model, device, deviceId, precision };
}

function describe({ workers, threads }: Parallelism): string {
  return `${workers} ${workers === 1 ? 'worker' : 'workers'} of ${threads} ${threads === 1 ? 'thread' : 'threads'}`;
}

function nameOf({ workers, threads }: Parallelism, { speed }: Started): string {
  return `${workers} × ${threads} ${speed.tokensPerMs.toFixed(1)}`;
}
