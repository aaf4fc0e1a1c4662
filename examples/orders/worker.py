"""The worker of this example in Python. Tried with iii-sdk 0.10.0, 0.11.6 and 0.22.1 (pip install iii-sdk==0.22.1)."""

import os
import signal
import uuid

from iii import TriggerAction, register_worker

try:
    from iii import Logger
except ImportError:  # 0.22
    from iii_helpers.observability import Logger

iii = register_worker(os.environ.get("III_URL", "ws://localhost:49134"))
logger = Logger()


def create_order(req):
    order = {"id": str(uuid.uuid4()), **(req["body"] or {})}
    if "email" not in order or "total" not in order:
        return {"status_code": 400, "body": {"error": "an order needs email and total"}}

    iii.trigger({
        "function_id": "orders::process-payment",
        "payload": {"orderId": order["id"], "amount": order["total"], "currency": "USD"},
        "action": TriggerAction.Enqueue(queue="payment"),
    })
    iii.trigger({
        "function_id": "emails::confirmation",
        "payload": {"email": order["email"], "orderId": order["id"]},
        "action": TriggerAction.Enqueue(queue="email"),
    })
    iii.trigger({
        "function_id": "analytics::track",
        "payload": {"event": "order_created", "orderId": order["id"]},
        "action": TriggerAction.Void(),
    })

    logger.info("Order created", {"orderId": order["id"]})
    return {"status_code": 201, "body": {"orderId": order["id"]}}


fn = iii.register_function("orders::create", create_order)
iii.register_trigger({
    "type": "http",
    "function_id": fn.id,
    "config": {"api_path": "/orders", "http_method": "POST"},
})


def done(payload):
    print("done", payload, flush=True)


for function_id in ("orders::process-payment", "emails::confirmation", "analytics::track"):
    iii.register_function(function_id, done)

try:
    signal.pause()
except KeyboardInterrupt:
    iii.shutdown()
