"""Template tags of the pages of movements."""
