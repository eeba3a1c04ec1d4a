"""Tidegate: screen plastic-waste shipments against dated law, with reasons."""

__version__ = "0.1.0"
