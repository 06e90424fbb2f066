/**
 * `node --import` this: every file that the process or one of its threads opens for reading is a line in the file that
 * FILE_READS_LOG names: the thread's number, 0 for the main thread, and the path. What C++ opens is not seen.
 */
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { threadId } from 'node:worker_threads';

const { appendFileSync } = fs;
const log = process.env.FILE_READS_LOG;

function logged(api, name) {
  const original = api[name];
  api[name] = function (path, ...rest) {
    if (typeof path === 'string') appendFileSync(log, `${threadId} ${path}\n`);
    return original.call(this, path, ...rest);
  };
}

logged(fs, 'readFileSync');
logged(fs, 'openSync');
logged(fs, 'createReadStream');
logged(fs.promises, 'readFile');
logged(fs.promises, 'open');
syncBuiltinESMExports();
