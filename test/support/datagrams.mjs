/**
 * A station that speaks PTP's UDP multicast: run in a namespace of its own.
 *
 *   node datagrams.mjs listen ADDRESS        prints "ready", then "PORT HEX" for each datagram
 *   node datagrams.mjs send ADDRESS PORT HEX...
 *   node datagrams.mjs stream ADDRESS PORT COUNT INTERVAL_MS HEX    …numbered by sequenceId
 *   node datagrams.mjs get URL               prints what is there
 */
import { createSocket } from 'node:dgram';

const GROUP = '224.0.1.129';
const SEQUENCE_ID_OFFSET = 30;
const [command, address, ...rest] = process.argv.slice(2);

function open(port) {
  return new Promise((resolve, reject) => {
    const socket = createSocket({ type: 'udp4', reuseAddr: true });
    socket.once('error', reject);
    socket.bind(port, () => resolve(socket));
  });
}

if (command === 'listen') {
  for (const port of [319, 320]) {
    const socket = await open(port);
    socket.addMembership(GROUP, address);
    socket.on('message', (message) => console.log(`${port} ${message.toString('hex')}`));
  }
  console.log('ready');
} else if (command === 'send') {
  const [port, ...messages] = rest;
  const socket = await open(Number(port));
  socket.setMulticastInterface(address);
  for (const message of messages) {
    await new Promise((resolve, reject) => {
      const sent = (error) => (error ? reject(error) : setTimeout(resolve, 5));
      socket.send(Buffer.from(message, 'hex'), Number(port), GROUP, sent);
    });
  }
  socket.close();
} else if (command === 'stream') {
  const [port, count, intervalMs, hex] = rest;
  const socket = await open(Number(port));
  socket.setMulticastInterface(address);
  const start = Date.now();
  for (let i = 0; i < Number(count); i += 1) {
    const message = Buffer.from(hex, 'hex');
    message.writeUInt16BE(i, SEQUENCE_ID_OFFSET);
    socket.send(message, Number(port), GROUP);
    // By the clock, so that a pause of this process does not make the stream longer.
    const wait = start + (i + 1) * Number(intervalMs) - Date.now();
    if (wait > 0) await new Promise((resolve) => setTimeout(resolve, wait));
  }
  socket.close();
} else {
  console.log(await (await fetch(address)).text());
}
