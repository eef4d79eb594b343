"""An application on quorum queues: what is to be done later waits in the broker, in 28 queues with a TTL each."""

import time

from celery import Celery

app = Celery("quorum", backend="rpc://")
app.conf.task_default_queue = "council"
app.conf.task_default_queue_type = "quorum"
app.conf.broker_transport_options = {"confirm_publish": True}
app.conf.worker_detect_quorum_queues = True


@app.task
def now():
    return time.time()
