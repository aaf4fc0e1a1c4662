"""
The worker of this example in Python, registered in the form of the oldest SDKs. Tried with iii-sdk 0.10.0,
the last that takes it (pip install iii-sdk==0.10.0).
"""

import os
import signal

from iii import TriggerAction, register_worker

iii = register_worker(os.environ.get("III_URL", "ws://localhost:49134"))
attempts = {}
done = []


def then(function_id, queue, payload):
    iii.trigger({
        "function_id": function_id,
        "payload": payload,
        "action": TriggerAction.Enqueue(queue=queue),
    })


def upload(image):
    then("images::resize", "images", {"id": image["id"], "size": 100})
    return {"id": image["id"]}


def resize(image):
    attempts[image["id"]] = attempts.get(image["id"], 0) + 1
    if image["id"] == "flaky" and attempts["flaky"] == 1:
        raise RuntimeError("out of memory")
    then("images::publish", "images", image)


def publish(image):
    text = f"{image['id']} is there in {image['size']} pixels"
    then("notifications::send", "default", {"text": text})


iii.register_function({"id": "images::upload"}, upload)
iii.register_function({"id": "images::resize"}, resize)
iii.register_function({"id": "images::publish"}, publish)
iii.register_function({"id": "notifications::send"}, done.append)
iii.register_function({"id": "notifications::list"}, lambda _: done)

try:
    signal.pause()
except KeyboardInterrupt:
    iii.shutdown()
