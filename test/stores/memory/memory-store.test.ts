import { memoryMaker } from '../../support/memory-maker.ts';
import { describeStore } from '../conformance.ts';

describeStore('memory', memoryMaker);
