"""A hundred million shipments with the answer of one.

The law depends on a shipment only through what its conditions can tell apart. So each batch is collapsed, layer by
layer, to the distinct cases of that layer; each is decided once by the evaluator itself, on the first row that showed
it; and the rows take the results back. There is no second set of rules: what is compiled here is only what a
condition can see of a value (which side of a threshold, which of the words named, which dates of law lie before it).

    columns.py      a batch of Arrow columns, flat or nested, as typed columns with codes
    keys.py         packing codes into keys, and keys into dense ids that stay the same from batch to batch
    composition.py  polymers and contamination: which targets and limits a mix can meet
    documents.py    papers held: kind, dates, terms, standard, value, as a signature
    session.py      the collapse itself
    output.py       decisions as rows, sets and text
"""

from tidegate.screening.bulk.session import BatchResult, Session

__all__ = ["BatchResult", "Session"]
