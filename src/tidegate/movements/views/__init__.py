"""The pages of the control of movements: thin, reading through `queries`, writing through `commands` alone."""
