"""What if the draft regional standard were law: on any batch, as a background job, with the States side by side.

commands.py   every change: start, cancel, delete
tasks.py      the background job that compares, and what the reaper removes
queries.py    who sees which run
figures.py    what came of it, arranged for reading, and its pictures
"""
