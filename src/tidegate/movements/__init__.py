"""Control of movements: notification, consent, movement, ledger, permit, quota, certificate, take-back.

`commands/` alone writes, `inbound/` takes in what other States say, `queries/` reads what one may see; `models/` are
the rows, `views/`, `forms/` and `templates/` the pages, `letters/` the standard letters, `credentials/` the signed
certificates. What they all stand on:

    life cycles        machines, facts, owning, published, words, words_of_rights, naming, breaches
    a notification     content, blocks, codes, languages, confidential, searchwords, guard
    its consents       authorities, standing, consenting, conditions, preconsent
    a movement         carriage, leaving, legs, alternatives, particulars, masses, bases, tolerances
    quantities         ledger, ledger_rows, draws, applications, fees
    what time does     clocks, clockbook, calendars, rounds, lapsing, chasing, reminding, keeping
    the border         border, registers, writeoffs, linefile
    green-listed       green, green_entering, green_control, green_files, green_notice
    take-back          takebacks, homeward
    papers             papers, papers_green, evidence
    to the outside     api, api_reads, api_green, notices, webhooks
    the demo           demo, demo_stages, demo_control
"""
