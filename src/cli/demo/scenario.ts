/** The file the demo's engine is configured with. */
export const DEMO_CONFIG = `workers:
  - name: iii-queue
    config:
      queue_configs:
        payment:
          type: fifo
          message_group_field: account_id
          group_concurrency: 2
          max_retries: 5
          backoff_ms: 300
        mail:
          max_retries: 3
          concurrency: 4
          backoff_ms: 400
`;

export const QUEUES = ['payment', 'mail'] as const;

export const FUNCTIONS = { payment: 'payments::charge', mail: 'mail::send' } as const;

const ACCOUNTS = ['acc-1', 'acc-2', 'acc-3', 'acc-4'];
const PAYMENTS_PER_ACCOUNT = 5;

export interface Payment {
  readonly account_id: string;
  /** Place of this payment among those of its account, from 1. */
  readonly number: number;
  readonly amount: number;
}

export interface Mail {
  readonly to: string;
  readonly template: string;
}

/** The template the worker does not have until it is mended. */
export const MISSING_TEMPLATE = 'invoice';

const NAMES = 'ada ben cleo dan eva finn gia hugo ida jon kim leo'.split(' ');
const NAME_OF_THE_DEAD = 'gia';

/** Payments in the order in which they are enqueued: the accounts take turns. */
export function listPayments(): readonly Payment[] {
  const payments: Payment[] = [];
  for (let number = 1; number <= PAYMENTS_PER_ACCOUNT; number++) {
    for (const [index, account_id] of ACCOUNTS.entries()) {
      payments.push({ account_id, number, amount: 100 * (index + 1) + number });
    }
  }
  return payments;
}

export function listMails(): readonly Mail[] {
  return NAMES.map((name) => ({
    to: `${name}@example.com`,
    template: name === NAME_OF_THE_DEAD ? MISSING_TEMPLATE : 'receipt',
  }));
}

/** What goes wrong outside: why this attempt at a payment fails, or `null`. */
export function paymentTrouble(payment: Payment, attempt: number): string | null {
  const { account_id, number } = payment;
  if (account_id === 'acc-2' && number === 2 && attempt <= 2) return 'card network timed out';
  if (account_id === 'acc-3' && number === 1 && attempt === 1) return 'bank answered 503';
  return null;
}

/** Why this attempt at an e-mail fails, or `null`. */
export function mailTrouble(
  mail: Mail,
  attempt: number,
  templates: ReadonlySet<string>,
): string | null {
  if (!templates.has(mail.template)) return `template '${mail.template}' not found`;
  return mail.to.startsWith('b') && attempt === 1 ? 'mail server answered 421' : null;
}
