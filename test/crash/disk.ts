import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';

const IMAGE_MIB = 2_048;

/**
 * Stops a process, and tells ext4 to shut down without writing its journal: what a power cut leaves behind.
 * A write that is under way then may end as if it had been synced, although it was not (measured: one of
 * 30 to a growing file opened with O_DSYNC). No process sees that happen when its power fails.
 */
const CUT_POWER = `
import fcntl, glob, os, signal, struct, sys
folder, pid, when = os.open(sys.argv[1], os.O_RDONLY), sys.argv[2], sys.argv[3]
def rests(task):
    with open(task) as stat:
        return stat.read().rpartition(')')[2].split()[0] in 'TZ'
os.kill(int(pid), signal.SIGSTOP)
while when == 'at rest' and not all(map(rests, glob.glob(f'/proc/{pid}/task/*/stat'))):
    pass
fcntl.ioctl(folder, 0x8004587d, struct.pack('I', 2))
`;

/** A real file system of its own whose power can be cut. Needs root, Linux, ext4 and python3. */
export class Disk {
  readonly folder: string;
  readonly #image: string;

  constructor(scratch: string) {
    this.#image = join(scratch, 'disk.img');
    this.folder = join(scratch, 'disk');
    mkdirSync(this.folder);
    execFileSync('truncate', ['-s', `${IMAGE_MIB}M`, this.#image]);
    execFileSync('mkfs.ext4', ['-q', '-F', this.#image]);
    this.#mount();
  }

  /** Why there can be none here; `null` when there can. */
  static unavailable(): string | null {
    if (process.getuid?.() !== 0) return 'it needs root';
    const tools = [
      ['mkfs.ext4', '-V'],
      ['losetup', '-f'],
      ['python3', '-V'],
    ];
    const missing = tools.find(([tool = '', flag = '']) => spawnSync(tool, [flag]).status !== 0);
    return missing === undefined ? null : `${missing.join(' ')} fails`;
  }

  /**
   * Stops the process that uses it, and cuts the power: at once, while it may be writing, or when it is not.
   * Only in the second case it may go on, to see that there is no disk any more.
   */
  cutPower(pid: number, when: 'at once' | 'at rest'): void {
    execFileSync('python3', ['-c', CUT_POWER, this.folder, String(pid), when]);
  }

  /** After `cutPower`, when nobody uses it any more: the journal is replayed as after a restart. */
  restart(): void {
    this.remove();
    this.#mount();
  }

  remove(): void {
    execFileSync('umount', [this.folder]);
  }

  #mount(): void {
    execFileSync('mount', ['-o', 'loop', this.#image, this.folder]);
  }
}
