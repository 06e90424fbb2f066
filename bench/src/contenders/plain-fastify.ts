/**
 * The least that Fastify does for an answer: it parses the JSON of a POST, and answers with bytes made before or with
 * JSON.stringify of their content. Arguments: port, file of the answer's body, `constant` or `stringify`.
 */
import { readFileSync } from 'node:fs';
import Fastify from 'fastify';

const [port, answerFile, way] = process.argv.slice(2);
const bytes = readFileSync(answerFile as string);
const value: unknown = JSON.parse(bytes.toString());
const body = way === 'stringify' ? () => Buffer.from(JSON.stringify(value)) : () => bytes;

const app = Fastify();
app.get('/health', () => ({ status: 'healthy' }));
for (const path of ['/embed', '/embed/batch']) {
  app.post(path, (_request, reply) => reply.header('content-type', 'application/json').send(body()));
}
process.once('SIGTERM', () => process.exit());
await app.listen({ port: Number(port), host: '127.0.0.1' });
