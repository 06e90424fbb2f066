/** All suites, in the order of `--help` and of `all`. */
import type { Suite } from '../trial/trial.ts';
import { cache } from './cache.ts';
import { encode } from './encode/encode.ts';
import { http } from './http/http.ts';
import { kernels } from './kernels.ts';
import { startup } from './startup.ts';
import { index } from './vector-index/vector-index.ts';

export const SUITES: readonly Suite[] = [kernels, index, cache, encode, http, startup];
