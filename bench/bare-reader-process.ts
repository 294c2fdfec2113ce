import { once } from 'node:events';
import createManager from 'asterisk-manager';

/** asterisk-manager as it comes: connects, logs in, counts the events of a storm and keeps none. */
const [port = '', calls = ''] = process.argv.slice(2);
const vendor = createManager(Number(port), '127.0.0.1', 'bench', 'bench', true);
vendor.on('managerevent', (block) => {
  if (block['event'] === 'FullyBooted') process.send?.('ready');
  if (block['event'] === 'Cdr' && (heard += 1) === Number(calls)) process.send?.('done');
});
let heard = 0;
await once(process, 'disconnect');
process.exit();
