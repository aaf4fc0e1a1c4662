/** The command line run from its sources: what bin/iii.js does with what was built. */
import { main, processIo } from '../../src/cli/main.ts';

process.exitCode = await main(process.argv.slice(2), processIo());
