/** Programs without any peers installed: Cosimo's own contenders run, peers are missing. */
import { Programs } from '../../src/trial/programs.ts';

export const ownPrograms = new Programs({
  native: '/nowhere',
  modelDir: '/nowhere',
  onnxDir: '/nowhere',
  venv: { missing: 'no Python' },
  nodePeers: { missing: 'no npm' },
});
