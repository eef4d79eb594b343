"""An application whose results lie in a folder: rpc:// has no chords. $WARREN_RESULTS names the folder."""

import os

from celery import Celery

app = Celery("chords", backend=f"file://{os.environ['WARREN_RESULTS']}")
app.conf.task_default_queue = "chords"
app.conf.result_chord_retry_interval = 0.1


@app.task
def square(number):
    return number * number


@app.task
def total(numbers):
    return sum(numbers)
