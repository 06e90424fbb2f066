/** The program that reads all of a data file: `read-data-file.ts DIR` ends with 0 if it could. */
import { openForReading, openReadable } from './layout.ts';

const root = openForReading(process.argv[2] as string);
for (const database of openReadable(root)) {
  for (const { value } of database.getRange()) if (value === undefined) process.exit(1);
}
await root.close();
