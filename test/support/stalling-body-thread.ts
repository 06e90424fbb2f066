/** The program of a body thread that never answers a body of the content type `stall`, and finds every other one unreadable. */
import type { BodyThreadMethods, BodyThreadOptions } from '../../src/http/body/thread/body-thread-protocol.ts';
import { runThread } from '../../src/workers/thread-program.ts';

await runThread<BodyThreadOptions, BodyThreadMethods, null>(() => ({
  ready: null,
  handlers: {
    read({ contentType }) {
      while (contentType === 'stall');
      return { kind: 'unreadable' };
    },
  },
}));
