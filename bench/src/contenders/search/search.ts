/** Cosimo's vector index: rounds of searches, builds, upserts or deletes. */
import { native } from '../../../../src/native/binding.ts';
import { seededRandom } from '../../data/random.ts';
import { serveRounds } from '../../trial/protocol.ts';
import { warmUp } from '../timed-round.ts';
import type { SearchSpec } from './search-index.ts';
import { searchBesideRotationWork, searchBesideUpsertsWork, searchWork } from './search-rounds.ts';
import { buildWork, deleteWork, upsertWork } from './write-rounds.ts';

await serveRounds<SearchSpec>(async (spec) => {
  const { kernel = native.availableKernels[0] } = spec;
  if (native.kernel !== kernel) throw new Error(`the kernel ${kernel} was wanted, ${native.kernel} would run`);
  const random = seededRandom(spec.seed);
  const work = await {
    search: () => searchWork(spec),
    'search-beside-upserts': () => searchBesideUpsertsWork(spec, random),
    'search-beside-rotation': () => searchBesideRotationWork(spec, random),
    build: () => buildWork(spec),
    upsert: () => upsertWork(spec, random),
    delete: () => deleteWork(spec, random),
  }[spec.operation]();
  await warmUp(spec.warm_up_s, work.round);
  return work;
});
