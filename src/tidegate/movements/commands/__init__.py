"""Every guarded change. Each function is a command under a right: see parties.commanding."""
