/** Fills data folders of the service without encoding: a start reads as many bytes as with encoded texts. */
import { loadConfig } from '../../../src/config.ts';
import type { ResolvedModel } from '../../../src/model/source/resolve-model.ts';
import { vectorFingerprint } from '../../../src/model/vector-fingerprint.ts';
import { openStore } from '../../../src/store/open-store.ts';
import type { StoreSet } from './data-set.ts';
import { seededRandom } from './random.ts';
import { unitRowMaker } from './vectors.ts';

const DIMENSIONS = 384;
/** Concurrent writes, which share commits. */
const WRITES_AT_ONCE = 4096;
const TEXT =
  'A document of the length that a sentence or two have, such as many people keep in an index like this one.';

export async function writeStore(set: StoreSet, path: string, model: ResolvedModel): Promise<void> {
  const fingerprint = vectorFingerprint(model.fingerprint, loadConfig({}).PRECISION);
  const store = openStore(path, { dimensions: DIMENSIONS, fingerprint, modelName: model.name });
  const make = unitRowMaker(set.source, DIMENSIONS, seededRandom(set.seed));
  for (let done = 0; done < set.documents; done += WRITES_AT_ONCE) {
    const writes = Array.from({ length: Math.min(WRITES_AT_ONCE, set.documents - done) }, (_, i) => {
      const document = { id: `document-${done + i}`, text: `${TEXT} ${done + i}`, metadata: '{}' };
      const vector = new Float32Array(DIMENSIONS);
      make(vector);
      return store.put(document, vector);
    });
    await Promise.all(writes);
  }
  await store.close();
}
