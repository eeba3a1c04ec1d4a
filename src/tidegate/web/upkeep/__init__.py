"""Upkeep of the law by people: one proposes a rule or a change as a form, a second person approves it."""
