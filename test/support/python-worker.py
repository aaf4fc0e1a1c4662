"""A worker of a published Python SDK, written as its users write one. Python calls through `py::trigger`."""

import os
import signal
import threading

from iii import InitOptions, TriggerAction, register_worker

iii = register_worker(
    os.environ["III_URL"], InitOptions(worker_name="python", otel={"enabled": False})
)
seen = {}
triggers = {}


def note(name, data):
    """Remembers a call, and says how many there were."""
    seen.setdefault(name, []).append(data)
    return len(seen[name])


def echo(data):
    note("py::echo", data)
    return data


def fail_twice(data):
    if note("py::fail-twice", data) <= 2:
        raise ValueError("not yet")
    return {"done": True}


def fail(data):
    note("py::fail", data)
    raise ValueError("welcome.txt is missing")


def on_order(data):
    note("py::on-order", data)


def is_urgent(data):
    return data["priority"] == "high"


def on_urgent(data):
    note("py::on-urgent", data)


def on_state(event):
    note("py::on-state", [event["event_type"], event["new_value"]])


def on_tick(event):
    note("py::on-tick", event["trigger"])


async def create_order(request):
    # An async handler may await further calls.
    receipt = await iii.trigger_async({
        "function_id": "py::echo",
        "payload": request["body"],
        "action": TriggerAction.Enqueue(queue="payment"),
    })
    return {
        "status_code": 201,
        "headers": {"x-shop": request["query_params"].get("shop", "none")},
        "body": {"id": request["path_params"]["id"], "receiptId": receipt["messageReceiptId"]},
    }


def trigger(request):
    """Calls from Python, and tells how that ended."""
    if request.pop("nan", False):
        request["payload"] = {"mean": float("nan")}
    action = request.get("action")
    if action == "void":
        request["action"] = TriggerAction.Void()
    elif action is not None:
        request["action"] = TriggerAction.Enqueue(queue=action)
    try:
        return {"result": iii.trigger(request)}
    except Exception as error:
        return {"error": str(error), "type": type(error).__name__}


def bind(trigger):
    triggers[trigger["function_id"]] = iii.register_trigger(trigger)


def unbind(request):
    triggers.pop(request["function_id"]).unregister()


def calls(request):
    return seen.get(request["function_id"], [])


for function in (
    ("py::echo", echo),
    ("py::fail-twice", fail_twice),
    ("py::fail", fail),
    ("py::on-order", on_order),
    ("py::is-urgent", is_urgent),
    ("py::on-urgent", on_urgent),
    ("py::on-state", on_state),
    ("py::on-tick", on_tick),
    ("py::create-order", create_order),
    ("py::trigger", trigger),
    ("py::bind", bind),
    ("py::unbind", unbind),
    ("py::calls", calls),
):
    reference = iii.register_function(*function)
    assert reference.id == function[0]

stopped = threading.Event()
signal.signal(signal.SIGTERM, lambda *_: stopped.set())
stopped.wait()
iii.shutdown()
