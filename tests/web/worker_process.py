"""A worker in a process of its own, with kinds of jobs that only tests have. Run by test_jobs.py.

python worker_process.py drain NAME     do what is there, then end
python worker_process.py run NAME       work until told to stop
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from pathlib import Path

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tidegate.web.settings.test")


def register() -> None:
    """Kinds of jobs for tests; each leaves a line in the file that its payload names."""
    from tidegate.web.jobs.registry import task
    from tidegate.web.jobs.worker import Task

    def note(where: str, what: str) -> None:
        with open(where, "a", encoding="utf-8") as file:
            file.write(what + "\n")

    @task("test.note")
    def noted(task: Task) -> dict[str, int]:
        note(task.payload["file"], f"{task.payload['n']}")
        return {"n": task.payload["n"]}

    @task("test.hang")
    def hanging(task: Task) -> str:
        """The first attempt never comes to an end by itself; later ones are done at once."""
        note(task.payload["file"], f"attempt {task.attempt}")
        if task.attempt == 1:
            while True:
                task.progress(1, 10, 1)
                time.sleep(0.02)
        return "done"


def main() -> None:
    import django

    django.setup()
    register()
    from tidegate.web.jobs.worker import Worker

    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    worker = Worker(sys.argv[2], stop=stop, poll=0.05)
    if sys.argv[1] == "drain":
        # Wait for the starting shot, so that several processes begin at once.
        gate = Path(os.environ["TIDEGATE_TEST_GATE"])
        while not gate.exists():
            time.sleep(0.005)
        worker.drain()
    else:
        worker.run()


if __name__ == "__main__":
    main()
