"""Figures of whole processes: `python -m bench`, or `./dev bench`."""
