"""Engines that carry the screening to where the rows are; each is the only module that knows its library."""
