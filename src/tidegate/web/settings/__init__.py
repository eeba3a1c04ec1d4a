"""Django settings: ``base``, then ``demo`` (one laptop), ``dev``, ``test`` and ``office`` (shared)."""
