/*
 * Loaded into an engine with --import: looks every few milliseconds how long the event loop was away,
 * and answers over IPC. On a shared machine a process may be away because others ran; `busyMs` counts
 * no more than what the process itself (with all its threads) computed meanwhile.
 */

import { performance } from 'node:perf_hooks';
import process from 'node:process';
import { setInterval } from 'node:timers';

const EVERY_MS = 2;

let longestMs = 0;
let longestBusyMs = 0;
let lastAt = performance.now();
let lastCpu = process.cpuUsage();

setInterval(() => {
  const now = performance.now();
  const cpu = process.cpuUsage();
  const awayMs = now - lastAt;
  const busyMs = (cpu.user + cpu.system - lastCpu.user - lastCpu.system) / 1_000;
  longestMs = Math.max(longestMs, awayMs);
  longestBusyMs = Math.max(longestBusyMs, Math.min(awayMs, busyMs));
  lastAt = now;
  lastCpu = cpu;
}, EVERY_MS).unref();

process.on('message', (message) => {
  if (message !== 'loop') return;
  process.send?.({ longestMs, longestBusyMs });
  longestMs = 0;
  longestBusyMs = 0;
});
// listening for messages alone keeps no process alive
process.channel?.unref();
