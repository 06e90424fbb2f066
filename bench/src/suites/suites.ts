/** All suites, in the order of `--help` and of `all`. */
import type { Suite } from '../trial/trial.ts';
import { cache } from './cache.ts';
import { encode } from './encode/encode.ts';
import { http } from './http/http.ts';
import { index } from './index/index.ts';
import { kernels } from './search-kernels.ts';
import { startup } from './startup.ts';

export const SUITES: readonly Suite[] = [kernels, index, cache, encode, http, startup];
