"""The worker of this example in Python. Tried with iii-sdk 0.10.0, 0.11.6 and 0.22.1 (pip install iii-sdk==0.22.1)."""

import os
import signal
import threading
import time

from iii import TriggerAction, register_worker

iii = register_worker(os.environ.get("III_URL", "ws://localhost:49134"))
lock = threading.Lock()
provider = {"running": 0, "most": 0, "sent": 0, "refused": 0}
refused = set()


def launch_campaign(campaign):
    for recipient in campaign["recipients"]:
        iii.trigger({
            "function_id": "emails::send",
            "payload": {"to": recipient},
            "action": TriggerAction.Enqueue(queue="bulk-email"),
        })
    return {"enqueued": len(campaign["recipients"])}


def send_email(email):
    status = post(email["to"])
    if status == 429:
        raise RuntimeError(f"SMTP error: {status}")
    return {"sent": True}


def post(to):
    """Stands for the provider: it refuses the fifth address once."""
    with lock:
        provider["running"] += 1
        provider["most"] = max(provider["most"], provider["running"])
    time.sleep(0.2)
    with lock:
        provider["running"] -= 1
        if to.startswith("user5@") and to not in refused:
            refused.add(to)
            provider["refused"] += 1
            return 429
        provider["sent"] += 1
        return 202


def stats(_):
    return provider


iii.register_function("campaigns::launch", launch_campaign)
iii.register_function("emails::send", send_email)
iii.register_function("emails::stats", stats)

try:
    signal.pause()
except KeyboardInterrupt:
    iii.shutdown()
