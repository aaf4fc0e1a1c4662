/*
 * Loaded into an engine with --import: looks every few milliseconds how long the event loop was away,
 * and answers over IPC. On a shared machine a process may be away because others ran; `busyMs` counts
 * no more than what the process itself (with all its threads) computed meanwhile, and up to
 * `CPU_EVERY_MS` before: asking for that each time took a tenth of the engine's core.
 */

import { performance } from 'node:perf_hooks';
import process from 'node:process';
import { setInterval } from 'node:timers';

const EVERY_MS = 2;
const CPU_EVERY_MS = 50;
/** A loop that was away for less is not stalled. */
const STALL_MS = 5;

let longestMs = 0;
let longestBusyMs = 0;
let lastAt = performance.now();
let lastCpu = process.cpuUsage();
let lastCpuAt = lastAt;

setInterval(() => {
  const now = performance.now();
  const awayMs = now - lastAt;
  lastAt = now;
  longestMs = Math.max(longestMs, awayMs);
  if (awayMs < STALL_MS && now - lastCpuAt < CPU_EVERY_MS) return;
  const cpu = process.cpuUsage();
  const busyMs = (cpu.user + cpu.system - lastCpu.user - lastCpu.system) / 1_000;
  longestBusyMs = Math.max(longestBusyMs, Math.min(awayMs, busyMs));
  lastCpu = cpu;
  lastCpuAt = now;
}, EVERY_MS).unref();

process.on('message', (message) => {
  if (message !== 'loop') return;
  process.send?.({ longestMs, longestBusyMs });
  longestMs = 0;
  longestBusyMs = 0;
});
// listening for messages alone keeps no process alive
process.channel?.unref();
