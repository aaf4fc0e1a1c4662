import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';

const IMAGE_MIB = 256;

/** What ext4 is told to shut down without writing its journal: what a power cut leaves behind. */
const CUT_POWER = `
import fcntl, os, struct, sys
fcntl.ioctl(os.open(sys.argv[1], os.O_RDONLY), 0x8004587d, struct.pack('I', 2))
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

  cutPower(): void {
    execFileSync('python3', ['-c', CUT_POWER, this.folder]);
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
