import { inject } from 'vitest';
import { rabbitMaker } from '../../support/rabbitmq-maker.ts';
import { describeStore } from '../conformance.ts';

const url = inject('rabbitmqUrl');
if (url !== null) describeStore('rabbitmq', rabbitMaker(url));
