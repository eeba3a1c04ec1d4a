"""Work that outlives a request: one leased table of jobs, the workers that take from it, and a reaper.

    registry.py   what a kind of job does, and what the reaper sweeps
    commands.py   every change to the table; concurrency is decided here and nowhere else
    worker.py     takes a job, keeps its lease, runs it
    models.py     the table

A job is done at least once: a worker that dies is replaced, and its job is begun anew by another. What a job leaves
behind counts only when `Task.finish` is called in the same transaction; that can happen once.
"""
