"""Every read, scoped to the actor."""
