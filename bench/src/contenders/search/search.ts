/** Cosimo's vector index: searches, and what fills and changes it. */
import { native } from '../../../../src/native/binding.ts';
import { seededRandom } from '../../data/random.ts';
import { serveRounds } from '../../trial/protocol.ts';
import { warmUp } from '../timed-round.ts';
import type { SearchSpec } from './search-index.ts';
import { searching, searchingBesideUpserts } from './search-rounds.ts';
import { building, deleting, upserting } from './write-rounds.ts';

await serveRounds<SearchSpec>(async (spec) => {
  const { kernel = native.availableKernels[0] } = spec;
  if (native.kernel !== kernel) throw new Error(`the kernel ${kernel} was wanted, ${native.kernel} would run`);
  const random = seededRandom(spec.seed);
  const work = {
    search: () => searching(spec),
    'search-beside-upserts': () => searchingBesideUpserts(spec, random),
    build: () => building(spec),
    upsert: () => upserting(spec, random),
    delete: () => deleting(spec, random),
  }[spec.operation]();
  await warmUp(spec.warm_up_s, work.round);
  return work;
});
