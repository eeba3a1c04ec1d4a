"""`python -m django worker`: do background jobs until told to stop."""

from __future__ import annotations

import signal
import threading
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from tidegate.web.jobs.worker import Worker, reap_and_sweep


class Command(BaseCommand):
    """A worker as a process. SIGTERM and SIGINT end it; the job in hand goes back into the table."""

    help = "Do background jobs (batches) until told to stop."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--drain", action="store_true", help="do the jobs that are there, then end")
        parser.add_argument("--name", default="", help="name of this worker in the job table")

    def handle(self, *args: Any, drain: bool, name: str, **options: Any) -> None:
        stop = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stop.set())
        worker = Worker(name, stop=stop)
        if drain:
            reap_and_sweep()
            self.stdout.write(f"{worker.drain()} jobs done")
        else:
            worker.run()
