"""The law pages: what the rulebook holds, by State, by rule, by entry, by day.

Rooms: `urls`; `views/` (one module for each kind of page); `phrases` (conditions, papers and periods in the
reader's language); `arrange` (rules grouped for a reader); `cases` (scenarios as examples); `charts` and `atlas`
(pictures); `feeds` (calendar and Atom). What the law says on a day comes from `tidegate.law`, here it is only shown.
"""
