"""An application with priorities."""

from pathlib import Path

from celery import Celery

app = Celery("ranked", backend="rpc://")
app.conf.task_default_queue = "ranked"
app.conf.task_queue_max_priority = 10
app.conf.worker_prefetch_multiplier = 1


@app.task
def write(path, line):
    with Path(path).open("a", encoding="utf-8") as file:
        print(line, file=file)
