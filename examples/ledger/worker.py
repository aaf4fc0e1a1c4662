"""The worker of this example in Python. Tried with iii-sdk 0.10.0, 0.11.6 and 0.22.1 (pip install iii-sdk==0.22.1)."""

import os
import signal

from iii import TriggerAction, register_worker

iii = register_worker(os.environ.get("III_URL", "ws://localhost:49134"))
balances = {}


def submit_transaction(req):
    try:
        receipt = iii.trigger({
            "function_id": "ledger::apply",
            "payload": req["body"],
            "action": TriggerAction.Enqueue(queue="ledger"),
        })
    except Exception as error:
        print("Queue rejected job:", error)
        return {"status_code": 422, "body": {"error": str(error)}}
    return {"status_code": 202, "body": {"receiptId": receipt["messageReceiptId"]}}


def apply_transaction(txn):
    account_id = txn["account_id"]
    balance = balances.get(account_id, 0)
    if txn["type"] == "deposit":
        balances[account_id] = balance + txn["amount"]
    elif txn["type"] == "withdraw":
        if balance < txn["amount"]:
            # This SDK cannot say that trying again is useless: the account waits for 15 attempts.
            raise ValueError("Insufficient funds")
        balances[account_id] = balance - txn["amount"]
    return {"applied": True}


def balance_of(query):
    return {"balance": balances.get(query["account_id"], 0)}


fn = iii.register_function("transactions::submit", submit_transaction)
iii.register_trigger({
    "type": "http",
    "function_id": fn.id,
    "config": {"api_path": "/transactions", "http_method": "POST"},
})
iii.register_function("ledger::apply", apply_transaction)
iii.register_function("ledger::balance", balance_of)

try:
    signal.pause()
except KeyboardInterrupt:
    iii.shutdown()
