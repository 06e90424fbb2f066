/** Closed-loop load on POST /embed with texts that no cache has seen. */
import autocannon from 'autocannon';

export interface Load {
  readonly requests_per_s: number;
  readonly latency_p50_ms: number;
  readonly latency_p99_ms: number;
  readonly failures: number;
}

const WORDS =
  'river stone engine market signal garden winter letter bridge copper window doctor forest planet silver theory ' +
  'camera harbor island jacket kettle ladder mirror needle orchard pepper quarry rocket saddle tunnel valley wallet';
const TEXT_WORDS = 12;

/** Texts of twelve common words, no two alike within a run; the same seed gives the same texts. */
function textSource(seed: number): () => string {
  const words = WORDS.split(' ');
  let state = seed >>> 0;
  // The high bits of a linear congruential generator (Numerical Recipes): plenty for picking words.
  const next = (below: number) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
  return () => Array.from({ length: TEXT_WORDS }, () => words[next(words.length)]).join(' ');
}

/** @param origin `http://host:port` of a service with POST /embed */
export async function loadEmbed(origin: string, seed: number, connections: number, duration_s: number): Promise<Load> {
  const nextText = textSource(seed);
  const result = await autocannon({
    url: `${origin}/embed`,
    method: 'POST',
    connections,
    duration: duration_s,
    headers: { 'content-type': 'application/json' },
    requests: [
      { setupRequest: (request) => ({ ...request, body: JSON.stringify({ texts: [nextText()], cache: false }) }) },
    ],
  });
  return {
    requests_per_s: result.requests.average,
    latency_p50_ms: result.latency.p50,
    latency_p99_ms: result.latency.p99,
    failures: result.non2xx + result.errors + result.timeouts,
  };
}
