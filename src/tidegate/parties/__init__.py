"""Who acts, in which role, for which State; who sees which row; and the one journal of what was done."""
