import { crashingFileMaker, fileMaker } from '../../support/file-maker.ts';
import { describeStore } from '../conformance.ts';

describeStore('file', fileMaker);
describeStore('crashed file', crashingFileMaker);
