/**
 * Text to unit vectors by Transformers.js, tokenizing included. The spec and the answers are those of encode_peer.py.
 */
import { existsSync, mkdirSync, readFileSync, readlinkSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { bestSize } from '../src/contenders/encode/best-size.ts';
import { timedRound, warmUp } from '../src/contenders/timed-round.ts';
import { Missing, serveRounds } from '../src/trial/protocol.ts';
import { importPeer } from './node_peers.mjs';

const ANSWERED_TEXTS = 16;

await serveRounds(async (spec) => {
  if (spec.peer !== 'transformers-js') throw new Missing(`There is no peer ${spec.peer}.`);
  const { texts, tokens } = JSON.parse(readFileSync(spec.texts, 'utf8'));
  const { encode, versions } = await loadEncoder(spec);
  let next = 0;
  let doneTokens = 0;
  const textsFrom = (first) => Array.from({ length: spec.batch }, (_, offset) => (first + offset) % texts.length);
  /** Sorts texts by length, as sentence-transformers does. */
  const encodeSorted = async (chosen, size) => {
    chosen.sort((a, b) => tokens[b] - tokens[a]);
    for (let at = 0; at < chosen.length; at += size) {
      await encode(chosen.slice(at, at + size).map((text) => texts[text]));
    }
  };
  const best = await bestSize(spec.inference_batches, (size) => encodeSorted(textsFrom(0), size));
  const step = async () => {
    const chosen = textsFrom(next);
    next = (next + spec.batch) % texts.length;
    await encodeSorted(chosen, best);
    for (const text of chosen) doneTokens += tokens[text];
    return chosen.length;
  };
  const round = async () => {
    doneTokens = 0;
    const began_ms = performance.now();
    const { value } = await timedRound(spec.round_s, step);
    const tokens_per_s = (doneTokens / (performance.now() - began_ms)) * 1000;
    return { value, extra: { tokens_per_s, inference_batch: best } };
  };
  await warmUp(spec.warm_up_s, round);
  const answers = async () => ({ vectors: (await encode(texts.slice(0, ANSWERED_TEXTS))).tolist() });
  return { versions, round, answers };
});

async function loadEncoder(spec) {
  const { env, pipeline } = await importPeer('@huggingface/transformers');
  env.allowRemoteModels = false;
  env.useFSCache = false;
  env.localModelPath = spec.onnx_dir;
  const extract = await pipeline('feature-extraction', makeModelFolder(spec), {
    device: 'cpu',
    dtype: 'fp32',
    session_options: { intraOpNumThreads: spec.threads, interOpNumThreads: 1 },
  });
  // The export calls its token vectors output_0; the pipeline looks for last_hidden_state.
  const model = extract.model;
  extract.model = async (inputs) => ({ last_hidden_state: (await model(inputs)).output_0 });
  return {
    encode: (texts) => extract(texts, { pooling: 'mean', normalize: true }),
    versions: { '@huggingface/transformers': env.version },
  };
}

/**
 * Makes the folder that Transformers.js reads: links to the model's files, and tokenizer settings with the limit of tokens,
 * which Transformers.js reads only from a file.
 * @returns the folder's name in onnx_dir
 */
function makeModelFolder(spec) {
  const name = 'transformers-js';
  const folder = join(spec.onnx_dir, name);
  const exported = join(spec.onnx_dir, 'fp32.onnx');
  if (!existsSync(exported))
    throw new Missing(`${exported} is not there: bench/peers/setup.sh fetches the ONNX exports.`);
  mkdirSync(join(folder, 'onnx'), { recursive: true });
  link(exported, join(folder, 'onnx', 'model.onnx'));
  for (const file of ['config.json', 'tokenizer.json']) link(join(spec.model_dir, file), join(folder, file));
  const settings = { tokenizer_class: 'BertTokenizer', model_max_length: spec.max_tokens, pad_token: '[PAD]' };
  writeFileSync(join(folder, 'tokenizer_config.json'), JSON.stringify(settings));
  return name;
}

function link(target, path) {
  try {
    if (readlinkSync(path) === target) return;
  } catch {
    // it does not exist, or is no link
  }
  rmSync(path, { force: true });
  symlinkSync(target, path);
}
