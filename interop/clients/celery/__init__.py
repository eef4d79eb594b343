"""Celery: applications as their users write them, run by real workers. CELERY_BROKER_URL names the broker, as ever."""
