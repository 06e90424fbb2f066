/** Time from starting a service until it can answer. */
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ServiceName, startService } from '../load/services.ts';
import { serveRounds } from '../trial/protocol.ts';

interface StartupSpec {
  readonly service: ServiceName;
  /** The data folder to start with; an empty one unless given. */
  readonly store?: string;
  readonly search_codes?: string;
  readonly venv?: string;
  readonly model_dir: string;
  readonly threads: number;
}

await serveRounds<StartupSpec>(async (spec) => {
  const data = spec.store ?? mkdtempSync(join(tmpdir(), 'data-'));
  const { model_dir: modelDir, venv, threads, search_codes: searchCodes } = spec;
  const options = { data, modelDir, venv, threads, searchCodes };
  const round = async () => {
    const began_ms = performance.now();
    const service = await startService(spec.service, options);
    const value = (performance.now() - began_ms) / 1000;
    await service.stop();
    return { value };
  };
  await round(); // from now on the system has every file in memory, for every contender
  return { round };
});
