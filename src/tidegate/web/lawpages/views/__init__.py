"""One module for each kind of page; every view only reads."""
