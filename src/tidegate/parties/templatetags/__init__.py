"""Template tags of parties and rights."""
