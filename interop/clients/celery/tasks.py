"""An application that leaves everything at its defaults, with results sent back over the broker."""

import time
from pathlib import Path

from celery import Celery

app = Celery("warren", backend="rpc://")
app.conf.task_send_sent_event = True  # somebody watches


@app.task
def add(x, y):
    return x + y


@app.task
def divide(x, y):
    return x / y


@app.task
def now():
    return time.time()


@app.task(ignore_result=True)
def mark(path):
    Path(path).write_text(str(time.time()))


@app.task(bind=True, max_retries=3)
def fragile(self, failures):
    """Fails that many times; gives how often it was tried."""
    if self.request.retries < failures:
        raise self.retry(countdown=0.1)
    return self.request.retries + 1


@app.task(bind=True, acks_late=True)
def dig(self, begun):
    """Whoever begins it first never finishes."""
    try:
        Path(begun).touch(exist_ok=False)
    except FileExistsError:
        return self.request.hostname
    time.sleep(600)
    return "too late"
