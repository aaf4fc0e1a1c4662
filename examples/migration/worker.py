"""The worker of this example in Python. Tried with iii-sdk 0.10.0, 0.11.6 and 0.22.1 (pip install iii-sdk==0.22.1)."""

import os
import signal

from iii import TriggerAction, register_worker

iii = register_worker(os.environ.get("III_URL", "ws://localhost:49134"))
seen = []


def old_send_mail(order):
    seen.append(f"old {order['id']}")


def old_create(order):
    iii.trigger({
        "function_id": "enqueue",
        "payload": {"topic": "order.created", "data": order},
    })


def new_send_mail(order):
    seen.append(f"new {order['id']}")


def new_create(order):
    return iii.trigger({
        "function_id": "new::send-mail",
        "payload": order,
        "action": TriggerAction.Enqueue(queue="mail"),
    })


# Before: a topic, and a trigger that connects it with the function.
iii.register_function("old::send-mail", old_send_mail)
iii.register_trigger({
    "type": "queue",
    "function_id": "old::send-mail",
    "config": {"topic": "order.created"},
})
iii.register_function("old::create", old_create)

# After: the function is named, the queue has its limits in iii-config.yaml, and there is a receipt.
iii.register_function("new::send-mail", new_send_mail)
iii.register_function("new::create", new_create)

iii.register_function("mails", lambda _: seen)

try:
    signal.pause()
except KeyboardInterrupt:
    iii.shutdown()
