import { NonRetryableError, registerWorker, TriggerAction } from 'iii-engine/sdk';

const iii = registerWorker();
const balances = new Map();
const balanceOf = (account) => balances.get(account) ?? 0;

iii.registerFunction('transactions::submit', async (request) => {
  try {
    const receipt = await iii.trigger({
      function_id: 'ledger::apply',
      payload: request.body,
      action: TriggerAction.Enqueue({ queue: 'ledger' }),
    });
    return { status_code: 202, body: { receiptId: receipt.messageReceiptId } };
  } catch (error) {
    if (!error.enqueue_error) throw error;
    return { status_code: 422, body: { error: error.enqueue_error } };
  }
});

iii.registerTrigger({
  type: 'http',
  function_id: 'transactions::submit',
  config: { api_path: '/transactions', http_method: 'POST' },
});

iii.registerFunction('ledger::apply', ({ account_id, type, amount }) => {
  const balance = balanceOf(account_id) + (type === 'deposit' ? amount : -amount);
  // Trying again would not help: the next transaction of this account waits behind this one.
  if (balance < 0) throw new NonRetryableError('Insufficient funds');
  balances.set(account_id, balance);
});

iii.registerFunction('ledger::balance', ({ account_id }) => ({ balance: balanceOf(account_id) }));

process.once('SIGTERM', () => void iii.shutdown());
